#!/usr/bin/env bash
read -r -d '' CODE << EOF
kwarg('path')
  .open(root_dir='./example/summat')
  .bytes()
  .f(lambda ab: ab.decode('utf-8').upper())
EOF

echo $(python -m owt.client --code "$CODE" --arg path \"simple.sh\" --address http://localhost:9876/owt)
