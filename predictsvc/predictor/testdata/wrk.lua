-- Posts wines, one after the other and again. Usage: wrk … -s wrk.lua URL -- REQUEST-ID
-- Each connection pauses for 0 to 100 ms before a request, and every eighth second for 0 to 10 ms, so that the servers still have the machine.
-- The last line has the requests that were answered and those that failed: connecting, reading, writing, by their status, and by time.
local requests, at = {}, 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-Request-Id"] = args[1]
  for i = 1, 64 do
    requests[i] = wrk.format(nil, nil, nil, string.format(
      '{"volatile acidity":0.7,"citric acid":0,"sulphates":0.56,"alcohol":%.1f}', 8.5 + i * 31 % 59 / 10))
  end
  math.randomseed(1)
end

function delay()
  return math.random(0, os.time() % 8 == 0 and 10 or 100)
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary)
  local e = summary.errors
  io.write(string.format("result %d %d %d %d %d %d\n", summary.requests, e.connect, e.read, e.write, e.status, e.timeout))
end
