package embedded

import (
	"fmt"
	"net/http"
	"strings"
)

func experimentSteps() []step {
	long := strings.Repeat("x", 501)
	return []step{
		gets("/health"), gets("/version"),
		posts("experiments/create", `{"name":"e1","tags":[{"key":"a","value":"b"},{"key":"c","value":"d"}]}`).saving("e1", "experiment_id"),
		posts("experiments/create", `{"name":"e1"}`),
		posts("experiments/create", `{"name":""}`), posts("experiments/create", `{}`), posts("experiments/create", `{"name":null}`),
		posts("experiments/create", `{"name":5}`), posts("experiments/create", `{"name":["a"]}`), posts("experiments/create", `{"name":"`+long+`"}`),
		posts("experiments/create", `{"name":"e tags","tags":{"key":"a"}}`), posts("experiments/create", `{"name":"e tags 2","tags":[{"key":"a/../b","value":"x"}]}`),
		posts("experiments/create", `{"name":"dup","tags":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}`),
		posts("experiments/create", `{"name":"loc","artifact_location":"s3://bucket/x"}`).saving("loc", "experiment_id"),
		gets("experiments/get?experiment_id=«loc»"),
		posts("experiments/create", `{"name":"loc2","artifact_location":"s3://bucket/x#frag"}`),
		posts("experiments/create", `{"name":"loc3","artifact_location":"runs:/abc"}`),
		posts("experiments/create", `{"name":"loc4","artifact_location":"s3://b/x?a=../b"}`),
		posts("experiments/create", `{"name":"loc5","artifact_location":"`+strings.Repeat("y", 2049)+`"}`),
		posts("experiments/create", `{"name":"loc6","artifact_location":7}`),
		posts("experiments/create", `{"name":"ünï ✓"}`).saving("u", "experiment_id"),
		gets("experiments/get?experiment_id=«e1»"), gets("experiments/get?experiment_id=0"), gets("experiments/get?experiment_id=999"),
		gets("experiments/get?experiment_id=abc"), gets("experiments/get?experiment_id="), gets("experiments/get"), gets("experiments/get?experiment_id=+1_0"),
		gets("experiments/get-by-name?experiment_name=e1"), gets("experiments/get-by-name?experiment_name=none"), gets("experiments/get-by-name"),
		gets("experiments/get-by-name?experiment_name=%C3%BCn%C3%AF%20%E2%9C%93"),
		posts("experiments/update", `{"experiment_id":"«e1»","new_name":"e1 renamed"}`), gets("experiments/get?experiment_id=«e1»"),
		posts("experiments/update", `{"experiment_id":"«e1»","new_name":""}`), posts("experiments/update", `{"experiment_id":"«e1»"}`),
		posts("experiments/update", `{"experiment_id":"«e1»","new_name":"Default"}`), posts("experiments/update", `{"experiment_id":"777","new_name":"q"}`),
		posts("experiments/set-experiment-tag", `{"experiment_id":"«e1»","key":"k","value":"v"}`),
		posts("experiments/set-experiment-tag", `{"experiment_id":"«e1»","key":"k","value":"w"}`),
		posts("experiments/set-experiment-tag", `{"experiment_id":"«e1»","key":"k2"}`),
		posts("experiments/set-experiment-tag", `{"experiment_id":"«e1»","key":""}`), posts("experiments/set-experiment-tag", `{"experiment_id":"«e1»","key":"a#b","value":"x"}`),
		posts("experiments/set-experiment-tag", `{"experiment_id":"«e1»","key":"`+long+`","value":"x"}`), posts("experiments/set-experiment-tag", `{"experiment_id":"88","key":"k","value":"x"}`),
		posts("experiments/delete-experiment-tag", `{"experiment_id":"«e1»","key":"k2"}`), posts("experiments/delete-experiment-tag", `{"experiment_id":"«e1»","key":"k2"}`),
		gets("experiments/get?experiment_id=«e1»"),
		posts("experiments/delete", `{"experiment_id":"«loc»"}`), posts("experiments/delete", `{"experiment_id":"«loc»"}`), gets("experiments/get?experiment_id=«loc»"),
		posts("experiments/create", `{"name":"loc"}`), posts("experiments/update", `{"experiment_id":"«loc»","new_name":"zz"}`),
		posts("experiments/set-experiment-tag", `{"experiment_id":"«loc»","key":"k","value":"v"}`), posts("runs/create", `{"experiment_id":"«loc»"}`),
		posts("experiments/restore", `{"experiment_id":"«loc»"}`), posts("experiments/restore", `{"experiment_id":"«loc»"}`), posts("experiments/restore", `{}`),
		posts("experiments/delete", `{"experiment_id":"12345"}`),
	}
}

func runSteps() []step {
	steps := []step{
		posts("runs/create", `{"experiment_id":"«e1»","user_id":"me","run_name":"first","start_time":1000,"tags":[{"key":"t","value":"1"},{"key":"mlflow.user","value":"me"}]}`).saving("r1", "run.info.run_id"),
		posts("runs/create", `{"experiment_id":"«e1»","start_time":"2000"}`).saving("r2", "run.info.run_id"),
		posts("runs/create", `{"experiment_id":"«e1»","tags":[{"key":"mlflow.runName","value":"by tag"}]}`).saving("r3", "run.info.run_id"),
		posts("runs/create", `{"experiment_id":"«e1»","run_name":"a","tags":[{"key":"mlflow.runName","value":"b"}]}`),
		posts("runs/create", `{"experiment_id":"0"}`).saving("r0", "run.info.run_id"),
		posts("runs/create", `{"experiment_id":"«e1»","start_time":"abc"}`), posts("runs/create", `{"experiment_id":"«e1»","start_time":1.5}`), posts("runs/create", `{"experiment_id":3}`),
		posts("runs/create", `{"experiment_id":"99"}`), posts("runs/create", `{"experiment_id":"x"}`), posts("runs/create", `{"experiment_id":"«e1»","start_time":[1]}`),
		posts("runs/create", `{"experiment_id":"«e1»","run_name":7}`), posts("runs/create", `{"experiment_id":"«e1»","tags":[{"key":"d","value":"1"},{"key":"d","value":"2"}]}`),
		gets("runs/get?run_id=«r1»"), gets("runs/get?run_uuid=«r2»"), gets("runs/get?run_id=nope"), gets("runs/get"), gets("runs/get?run_id="), gets("runs/get?run_id=«r3»"), gets("runs/get?run_id=«r0»"),
		posts("runs/update", `{"run_id":"«r1»","status":"FINISHED","end_time":5000}`), gets("runs/get?run_id=«r1»"),
		posts("runs/update", `{"run_id":"«r1»","status":"NONSENSE"}`), posts("runs/update", `{"run_id":"«r1»","status":4}`), posts("runs/update", `{"run_id":"«r1»","status":99}`),
		posts("runs/update", `{"run_id":"«r1»","run_name":"renamed"}`), gets("runs/get?run_id=«r1»"), posts("runs/update", `{"run_id":"«r1»","run_name":""}`),
		posts("runs/update", `{"run_id":"zzz"}`), posts("runs/update", `{}`), posts("runs/update", `{"run_id":"«r1»","end_time":"x"}`), posts("runs/update", `{"run_uuid":"«r1»","status":"KILLED"}`),
		posts("runs/set-tag", `{"run_id":"«r1»","key":"x","value":"y"}`), posts("runs/set-tag", `{"run_id":"«r1»","key":"mlflow.runName","value":"tagged name"}`), gets("runs/get?run_id=«r1»"),
		posts("runs/set-tag", `{"run_id":"«r1»","key":"mlflow.runName","value":""}`), posts("runs/set-tag", `{"run_id":"«r1»","key":"x"}`), posts("runs/set-tag", `{"run_id":"«r1»","key":"long","value":"`+strings.Repeat("é", 9000)+`"}`),
		posts("runs/set-tag", `{"run_id":"«r1»","key":"a\\b","value":"1"}`), posts("runs/set-tag", `{"run_id":"«r1»","key":"../x","value":"1"}`), posts("runs/set-tag", `{"run_id":"«r1»","key":"a//b","value":"1"}`),
		posts("runs/set-tag", `{"run_id":"«r1»","key":"/abs","value":"1"}`), posts("runs/set-tag", `{"run_id":"«r1»","key":".","value":"1"}`), posts("runs/set-tag", `{"run_id":"«r1»","key":"//x","value":"1"}`),
		posts("runs/set-tag", `{"run_id":"«r1»","key":"é ü","value":"1"}`), posts("runs/set-tag", `{"run_id":"nope","key":"a","value":"1"}`), posts("runs/set-tag", `{"run_id":"«r1»","value":"1"}`),
		posts("runs/set-tag", `{"run_id":"«r1»","key":"`+strings.Repeat("k", 251)+`","value":"1"}`), posts("runs/set-tag", `{"run_id":"«r1»","key":"😀","value":"1"}`),
		posts("runs/delete-tag", `{"run_id":"«r1»","key":"x"}`), posts("runs/delete-tag", `{"run_id":"«r1»","key":"x"}`), posts("runs/delete-tag", `{"run_id":"nope","key":"x"}`), posts("runs/delete-tag", `{"run_id":"«r1»"}`),
		posts("runs/log-parameter", `{"run_id":"«r1»","key":"p","value":"1"}`), posts("runs/log-parameter", `{"run_id":"«r1»","key":"p","value":"1"}`), posts("runs/log-parameter", `{"run_id":"«r1»","key":"p","value":"2"}`),
		posts("runs/log-parameter", `{"run_id":"«r1»","key":"empty","value":""}`), posts("runs/log-parameter", `{"run_id":"«r1»","key":"novalue"}`), posts("runs/log-parameter", `{"run_id":"«r1»","key":"n","value":5}`),
		posts("runs/log-parameter", `{"run_id":"«r1»","key":"long","value":"`+strings.Repeat("ab", 3500)+`"}`), posts("runs/log-parameter", `{"run_uuid":"«r1»","key":"uu","value":"x"}`), posts("runs/log-parameter", `{"key":"uu","value":"x"}`),
		posts("runs/log-parameter", `{"run_id":"«r1»","key":"`+strings.Repeat("k", 251)+`","value":"1"}`), posts("runs/log-parameter", `{"run_id":"«r1»","key":"a,b","value":"1"}`), posts("runs/log-parameter", `{"run_id":"gone","key":"a","value":"1"}`),
		gets("runs/get?run_id=«r1»"),
		posts("runs/delete", `{"run_id":"«r3»"}`), gets("runs/get?run_id=«r3»"), posts("runs/delete", `{"run_id":"«r3»"}`), posts("runs/delete", `{"run_id":"nope"}`), posts("runs/delete", `{}`),
		posts("runs/set-tag", `{"run_id":"«r3»","key":"x","value":"y"}`), posts("runs/log-metric", `{"run_id":"«r3»","key":"m","value":1,"timestamp":1}`), posts("runs/log-parameter", `{"run_id":"«r3»","key":"m","value":"1"}`),
		posts("runs/update", `{"run_id":"«r3»","status":"FAILED"}`), posts("runs/log-batch", `{"run_id":"«r3»"}`), posts("runs/delete-tag", `{"run_id":"«r3»","key":"x"}`),
		posts("runs/log-inputs", `{"run_id":"«r3»"}`), posts("runs/outputs", `{"run_id":"«r3»","models":[{"model_id":"m"}]}`),
		posts("runs/restore", `{"run_id":"«r3»"}`), gets("runs/get?run_id=«r3»"), posts("runs/restore", `{"run_id":"nope"}`),
		gets("artifacts/list?run_id=«r1»"), gets("artifacts/list?run_id=«r1»&path=a/b"), gets("artifacts/list?run_id=«r1»&path=../b"), gets("artifacts/list?run_id=«r1»&path=/etc"), gets("artifacts/list?run_id=«r1»&path=%252e%252e/b"), gets("artifacts/list?run_id=nope"), gets("artifacts/list"), gets("artifacts/list?run_id=«r1»&path=a%23b"),
	}
	for _, value := range []string{`1`, `1.5`, `-0.0`, `"NaN"`, `"Infinity"`, `"-Infinity"`, `"1e3"`, `" 7 "`, `"nan"`, `"abc"`, `""`, `null`, `true`, `[1]`, `{}`, `1e400`, `NaN`, `Infinity`, `-Infinity`, `9007199254740993`} {
		steps = append(steps, posts("runs/log-metric", fmt.Sprintf(`{"run_id":"«r1»","key":"m %s","value":%s,"timestamp":10,"step":1}`, strings.NewReplacer(`"`, "", "{}", "obj", "[1]", "list").Replace(value), value)))
	}
	for _, rest := range []string{`"timestamp":1`, `"timestamp":0`, `"timestamp":-1`, `"timestamp":"5"`, `"timestamp":"x"`, `"timestamp":1.5`, `"timestamp":2.0`, `"timestamp":null`, `"step":1`, `"timestamp":3,"step":-4`, `"timestamp":3,"step":"a"`, `"timestamp":3,"step":1.5`, `"timestamp":99999999999999999999`, `"timestamp":true`, `"timestamp":[]`} {
		steps = append(steps, posts("runs/log-metric", `{"run_id":"«r2»","key":"k","value":1,`+rest+`}`))
	}
	return append(steps,
		posts("runs/log-metric", `{"run_id":"«r1»","key":"bad*key","value":1,"timestamp":1}`), posts("runs/log-metric", `{"run_id":"«r1»","value":1,"timestamp":1}`), posts("runs/log-metric", `{"run_id":"nope","key":"a","value":1,"timestamp":1}`),
		posts("runs/log-metric", `{"runId":"«r1»","key":"camel","value":1,"timestamp":1}`), posts("runs/log-metric", `{"runId":"«r1»","run_id":"«r1»","key":"camel","value":1,"timestamp":1}`),
		posts("runs/log-metric", `{"run_id":"«r1»","key":"`+strings.Repeat("k", 251)+`","value":1,"timestamp":1}`), posts("runs/log-metric", `{"run_id":"«r1»","key":"a:b/c.d-e_f g","value":1,"timestamp":1}`),
		gets("runs/get?run_id=«r1»"), gets("runs/get?run_id=«r2»"))
}

func batchSteps() []step {
	list := func(n int, format string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = strings.ReplaceAll(format, "#", fmt.Sprint(i))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	metric, param := `{"key":"b#","value":#,"timestamp":1,"step":#}`, `{"key":"b#","value":"#"}`
	b := func(rest string) step { return posts("runs/log-batch", `{"run_id":"«r2»"`+rest+`}`) }
	return []step{
		b(``), b(`,"metrics":[],"params":[],"tags":[]`), posts("runs/log-batch", `{}`), posts("runs/log-batch", `{"run_id":"nope"}`), posts("runs/log-batch", `{"run_id":"-bad"}`), posts("runs/log-batch", `{"run_id":"a b"}`), posts("runs/log-batch", `{"run_id":5}`),
		b(`,"metrics":` + list(1000, metric)), b(`,"metrics":` + list(1001, metric)), b(`,"params":` + list(100, param)), b(`,"params":` + list(101, param)), b(`,"tags":` + list(100, param)), b(`,"tags":` + list(101, param)),
		b(`,"metrics":` + list(950, metric) + `,"params":` + list(40, param) + `,"tags":` + list(20, param)),
		b(`,"params":[{"key":"p","value":"1"},{"key":"p","value":"1"}]`), b(`,"params":[{"key":"p","value":"1"},{"key":"p","value":"2"},{"key":"p","value":"3"}]`),
		b(`,"params":[{"key":"q","value":"1"}]`), b(`,"params":[{"key":"q","value":"2"},{"key":"b1","value":"it's"}]`), b(`,"params":[{"key":"q","value":"1"}]`),
		b(`,"tags":[{"key":"t","value":"1"},{"key":"t","value":"2"}]`), b(`,"tags":[{"key":"mlflow.runName","value":"batch name"}]`), b(`,"tags":[{"key":"no value"}]`),
		b(`,"metrics":[{"key":"same","value":1,"timestamp":1,"step":1},{"key":"same","value":1,"timestamp":1,"step":1},{"key":"same","value":2,"timestamp":1,"step":1},{"key":"same","value":9,"timestamp":0,"step":1}]`),
		b(`,"metrics":[{"key":"n","value":"NaN","timestamp":1},{"key":"n","value":"NaN","timestamp":1},{"key":"i","value":"Infinity","timestamp":1},{"key":"i","value":"-Infinity","timestamp":1}]`),
		b(`,"metrics":[{"key":"l","value":5,"timestamp":9,"step":3},{"key":"l","value":7,"timestamp":1,"step":4}]`), b(`,"metrics":[{"key":"l","value":8,"timestamp":99,"step":3}]`), b(`,"metrics":[{"key":"l","value":8,"timestamp":1,"step":4}]`), b(`,"metrics":[{"key":"l","value":1,"timestamp":1,"step":4}]`),
		b(`,"metrics":[{"key":"x","timestamp":1}]`), b(`,"metrics":[{"value":1,"timestamp":1}]`), b(`,"metrics":[{"key":"x","value":1}]`), b(`,"metrics":[{"key":"","value":1,"timestamp":1}]`), b(`,"metrics":[{"key":"a;b","value":1,"timestamp":1}]`), b(`,"metrics":[{"key":"ok","value":1,"timestamp":1},{"key":"x","value":1,"timestamp":-5}]`),
		b(`,"params":[{"value":"x"}]`), b(`,"tags":[{"value":"x"}]`), b(`,"params":[{"key":"../x","value":"x"}]`), b(`,"tags":[{"key":"ok","value":"1"},{"key":"a#","value":"x"}]`), b(`,"metrics":{"key":"x"}`), b(`,"metrics":[5]`), b(`,"metrics":[null]`), b(`,"metrics":"x"`), b(`,"params":[["key"]]`),
		b(`,"metrics":[{"key":"f","value":1.5,"timestamp":1.5}]`), b(`,"metrics":[{"key":"s","value":"2.5","timestamp":"7","step":"3"}]`), b(`,"metrics":[{"key":"t","value":"x","timestamp":1}]`), b(`,"params":[{"key":"numeric","value":5}]`),
		b(`,"params":[{"key":"longp","value":"` + strings.Repeat("z", 6001) + `"}],"tags":[{"key":"longt","value":"` + strings.Repeat("z", 8001) + `"}]`), b(`,"params":[{"key":"` + strings.Repeat("z", 251) + `","value":"x"}]`), b(`,"tags":[{"key":"` + strings.Repeat("z", 251) + `","value":"x"}]`), b(`,"metrics":[{"key":"` + strings.Repeat("z", 251) + `","value":1,"timestamp":1}]`),
		gets("runs/get?run_id=«r2»"),
	}
}

func inputSteps() []step {
	ds := func(rest string) string {
		return `{"run_id":"«r1»","datasets":[{"tags":[{"key":"mlflow.data.context","value":"training"}],"dataset":{` + rest + `}}]}`
	}
	full := `"name":"wine","digest":"abc","source_type":"http","source":"{}","schema":"{\"a\":1}","profile":"{\"n\":2}"`
	return []step{
		posts("runs/log-inputs", ds(full)), posts("runs/log-inputs", ds(full)), gets("runs/get?run_id=«r1»"),
		posts("runs/log-inputs", strings.ReplaceAll(ds(full), "«r1»", "«r2»")), gets("runs/get?run_id=«r2»"),
		posts("runs/log-inputs", ds(`"name":"plain","digest":"d","source_type":"local","source":"x"`)),
		posts("runs/log-inputs", ds(`"name":"`+strings.Repeat("n", 501)+`","digest":"d","source_type":"local","source":"x"`)), posts("runs/log-inputs", ds(`"name":"n","digest":"`+strings.Repeat("d", 37)+`","source_type":"local","source":"x"`)),
		posts("runs/log-inputs", `{"run_id":"«r1»","datasets":[{"tags":[{"key":"k","value":"`+strings.Repeat("v", 501)+`"}],"dataset":{`+full+`}}]}`), posts("runs/log-inputs", `{"run_id":"«r1»","datasets":[{"tags":[{"key":"`+strings.Repeat("k", 256)+`","value":"v"}],"dataset":{`+full+`}}]}`),
		posts("runs/log-inputs", `{"run_id":"«r1»"}`), posts("runs/log-inputs", `{}`), posts("runs/log-inputs", `{"run_id":"nope"}`), posts("runs/log-inputs", `{"run_id":"«r1»","datasets":5}`), posts("runs/log-inputs", `{"run_id":"«r1»","datasets":[{"dataset":{"name":"minimal"}}]}`), posts("runs/log-inputs", `{"run_id":"«r1»","datasets":[{}]}`),
		posts("runs/log-inputs", `{"run_id":"«r1»","models":[{"model_id":"m-1"},{"model_id":"m-2"}]}`), posts("runs/log-inputs", `{"run_id":"«r1»","models":[{"model_id":"m-1"}]}`),
		posts("runs/outputs", `{"run_id":"«r1»","models":[{"model_id":"m-3","step":2},{"model_id":"m-4"}]}`), posts("runs/outputs", `{"run_id":"«r1»","models":[{"model_id":"m-3","step":2}]}`), posts("runs/outputs", `{"run_id":"«r1»"}`), posts("runs/outputs", `{"run_id":"«r1»","models":[]}`), posts("runs/outputs", `{"run_id":"nope","models":[{"model_id":"m-3"}]}`),
		gets("runs/get?run_id=«r1»"),
	}
}

func malformedSteps() []step {
	var steps []step
	for _, path := range []string{"experiments/create", "runs/create", "runs/log-metric", "runs/log-batch", "runs/search", "experiments/search", "runs/update"} {
		for _, body := range []string{``, `garbage`, `null`, `"{}"`, `"x"`, `[1]`, `5`, `true`, `{"a":`, `{"run_id":1}`, `{"experiment_id":{}}`, `{"filter":7}`, `{"\ud800":1}`, `{"name":"\ud800"}`, `{"run_id":"\u0041","run_id":"b"}`} {
			steps = append(steps, posts(path, body))
		}
	}
	return append(steps, gets("/nowhere"), posts("experiments/get", `{}`), gets("runs/create"), step{method: http.MethodDelete, path: "runs/get"})
}

func historySteps() []step {
	steps := []step{posts("runs/create", `{"experiment_id":"0","run_name":"h"}`).saving("h", "run.info.run_id")}
	for i := range 30 {
		steps = append(steps, posts("runs/log-batch", fmt.Sprintf(`{"run_id":"«h»","metrics":[{"key":"m","value":%d,"timestamp":%d,"step":%d},{"key":"c","value":%d,"timestamp":5,"step":0},{"key":"n","value":"NaN","timestamp":%d,"step":%d}]}`, (i*7)%11, 100-i, i/3, i, i, i)))
	}
	for _, q := range []string{"metric_key=m", "metric_key=m&max_results=7", "metric_key=m&max_results=0", "metric_key=m&max_results=-1", "metric_key=m&max_results=x", "metric_key=none", "", "metric_key=n&max_results=100", "metric_key=m&max_results=7&page_token=" + pageToken(7), "metric_key=m&page_token=!!", "metric_key=m&page_token=abc", "metric_key=m&page_token=eyJ4IjoxfQ==", "metric_key=m&page_token=bm8=", "metric_key=m&page_token=WzFd", "metric_key=m&page_token=eyJvZmZzZXQiOiJ4In0=", "metric_key=m&max_results=30000"} {
		steps = append(steps, gets("metrics/get-history?run_id=«h»&"+q))
	}
	steps = append(steps, gets("metrics/get-history?run_id=nope&metric_key=m"), gets("metrics/get-history?metric_key=m"))
	for _, q := range []string{"metric_key=m", "metric_key=m&max_results=5", "metric_key=m&max_results=1", "metric_key=c&max_results=4", "metric_key=n&max_results=3", "metric_key=m&max_results=0", "metric_key=m&max_results=2501", "metric_key=m&start_step=2&end_step=6&max_results=4", "metric_key=m&start_step=6&end_step=2", "metric_key=m&start_step=6", "", "metric_key=none", "metric_key=m&max_results=a", "metric_key=m&start_step=a&end_step=5", "metric_key=m&max_results=29", "metric_key=m&max_results=31"} {
		steps = append(steps, gets("metrics/get-history-bulk-interval?run_ids=«h»&run_ids=«r2»&"+q))
	}
	return append(steps, gets("metrics/get-history-bulk-interval?metric_key=m"))
}
