-- Posts 256 wines, one after the other and again. Usage: wrk … -s request.lua URL -- KIND PAUSE
-- KIND is "predict" or "invocations" (MLflow's protocol); each connection pauses for 0 to PAUSE milliseconds, at random, before a request, which
-- makes a rate of connections / (PAUSE / 2 + latency). The last line has requests, microseconds, failures, and the latencies p50 and p99 in microseconds.
local pause, requests, at = 0, {}, 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  for i = 1, 256 do
    local body = string.format('{"volatile acidity":%.2f,"citric acid":%.2f,"sulphates":%.2f,"alcohol":%.1f}',
      0.2 + i * 37 % 101 / 101, i * 29 % 61 / 80, 0.4 + i * 23 % 53 / 60, 8.5 + i * 31 % 59 / 10)
    if args[1] == "invocations" then
      body = '{"dataframe_records":[' .. body .. ']}'
    end
    requests[i] = wrk.format(nil, nil, nil, body)
  end
  pause = tonumber(args[2])
  if pause > 0 then
    math.randomseed(1)
    delay = function() return math.random(0, pause) end
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("result %d %d %d %d %d\n", summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
