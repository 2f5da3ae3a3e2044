"""owt under mixed load for a while: every answer checked, every leak looked for."""
