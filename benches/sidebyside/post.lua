-- wrk: POST the file named after `--`, and print the result as one line of JSON.

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = file:read("*a")
  file:close()
end

function done(summary, latency)
  local errors = {}
  for _, kind in ipairs({ "connect", "read", "write", "status", "timeout" }) do
    errors[#errors + 1] = string.format('"%s": %d', kind, summary.errors[kind])
  end
  io.write(string.format(
    'result {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "errors": {%s}}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    table.concat(errors, ", ")))
end
