package embedded

import "net/http"

func patches(path, body string) step { return step{method: http.MethodPatch, path: path, body: body} }

func deletes(path, body string) step { return step{method: http.MethodDelete, path: path, body: body} }

// modelSteps log a model, register it as a champion and take it all apart again.
func modelSteps() []step {
	return []step{
		posts("experiments/create", `{"name":"models"}`).saving("me", "experiment_id"),
		posts("runs/create", `{"experiment_id":"«me»","run_name":"trainer"}`).saving("mr", "run.info.run_id"),
		posts("logged-models", `{"experiment_id":"«me»","name":"forest","source_run_id":"«mr»","model_type":"classifier","params":[{"key":"depth","value":"3"}],"tags":[{"key":"a","value":"b"}]}`).saving("m1", "model.info.model_id"),
		posts("logged-models", `{"experiment_id":"«me»"}`).saving("m2", "model.info.model_id"), posts("logged-models", `{"experiment_id":"«me»","name":"a/b"}`), posts("logged-models", `{}`), posts("logged-models", `{"experiment_id":"999"}`), posts("logged-models", `{"experiment_id":"«me»","name":5}`),
		gets("logged-models/«m1»"), gets("logged-models/m-none"), patches("logged-models/«m1»", `{"model_id":"«m1»","status":"LOGGED_MODEL_READY"}`), patches("logged-models/«m1»", `{"status":2}`), patches("logged-models/«m1»", `{"model_id":"m-none","status":2}`),
		patches("logged-models/«m1»/tags", `{"tags":[{"key":"t","value":"1"},{"key":"a","value":"c"},{"key":"t","value":"2"}]}`), patches("logged-models/m-none/tags", `{"tags":[]}`), deletes("logged-models/«m1»/tags/t", ``), deletes("logged-models/«m1»/tags/t", ``),
		posts("logged-models/«m1»/params", `{"model_id":"«m1»","params":[{"key":"q","value":"1"}]}`), posts("logged-models/«m1»/params", `{"params":[]}`),
		posts("runs/log-batch", `{"run_id":"«mr»","metrics":[{"key":"acc","value":0.5,"timestamp":1,"step":2,"model_id":"«m1»","dataset_name":"wine","dataset_digest":"d"},{"key":"plain","value":1,"timestamp":1}]}`),
		posts("runs/log-metric", `{"run_id":"«mr»","key":"acc","value":0.75,"timestamp":2,"step":3,"model_id":"«m1»"}`), posts("runs/log-metric", `{"run_id":"«mr»","key":"acc","value":0.75,"timestamp":2,"step":3,"model_id":"«m1»"}`),
		posts("runs/outputs", `{"run_id":"«mr»","models":[{"model_id":"«m1»","step":0}]}`), gets("runs/get?run_id=«mr»"), gets("logged-models/«m1»"),

		posts("registered-models/create", `{"name":"wine","description":"the wine","tags":[{"key":"k","value":"1"},{"key":"k","value":"2"}]}`), posts("registered-models/create", `{"name":"wine"}`), posts("registered-models/create", `{}`), posts("registered-models/create", `{"name":"a/b"}`), posts("registered-models/create", `{"name":"a:b"}`), posts("registered-models/create", `{"name":" "}`), posts("registered-models/create", `{"name":".."}`),
		gets("registered-models/get?name=wine"), gets("registered-models/get?name=none"), gets("registered-models/get"),
		posts("model-versions/create", `{"name":"wine","source":"models:/«m1»","model_id":"«m1»","run_id":"«mr»","description":"first","tags":[{"key":"x","value":"y"}]}`),
		posts("model-versions/create", `{"name":"wine","source":"models:/«m2»","model_id":"«m2»"}`), posts("model-versions/create", `{"name":"wine","source":"models:/«m1»"}`), posts("model-versions/create", `{"name":"none","source":"models:/«m1»","model_id":"«m1»"}`),
		posts("model-versions/create", `{"name":"wine","source":"s3://bucket/model"}`), posts("model-versions/create", `{"name":"wine","source":"/etc/passwd"}`), posts("model-versions/create", `{"name":"wine"}`), posts("model-versions/create", `{"source":"s3://b/x"}`),
		posts("model-versions/create", `{"name":"wine","source":"runs:/«mr»/model","run_id":"«mr»"}`), posts("model-versions/create", `{"name":"wine","source":"runs:/«mr»/model"}`),
		gets("model-versions/get?name=wine&version=1"), gets("model-versions/get?name=wine&version=99"), gets("model-versions/get?name=wine&version=x"), gets("model-versions/get?name=wine"),
		gets("model-versions/get-download-uri?name=wine&version=1"), gets("model-versions/get-download-uri?name=wine&version=3"), gets("logged-models/«m1»"),
		posts("registered-models/alias", `{"name":"wine","alias":"champion","version":"1"}`), posts("registered-models/alias", `{"name":"wine","alias":"second","version":"2"}`), posts("registered-models/alias", `{"name":"wine","alias":"latest","version":"1"}`), posts("registered-models/alias", `{"name":"wine","alias":"v7","version":"1"}`), posts("registered-models/alias", `{"name":"wine","alias":"a b","version":"1"}`), posts("registered-models/alias", `{"name":"wine","alias":"a","version":"99"}`), posts("registered-models/alias", `{"name":"wine","alias":"a","version":"x"}`), posts("registered-models/alias", `{"name":"wine"}`),
		gets("registered-models/alias?name=wine&alias=champion"), gets("registered-models/alias?name=wine&alias=none"), gets("registered-models/alias?name=none&alias=champion"), gets("registered-models/alias?name=wine&alias=latest"), gets("registered-models/get?name=wine"), gets("model-versions/get?name=wine&version=1"),
		posts("model-versions/set-tag", `{"name":"wine","version":"1","key":"t","value":"v"}`), posts("model-versions/set-tag", `{"name":"wine","version":"99","key":"t","value":"v"}`), posts("model-versions/set-tag", `{"name":"wine","version":"1","key":"a*","value":"v"}`), deletes("model-versions/delete-tag", `{"name":"wine","version":"1","key":"x"}`), deletes("model-versions/delete-tag", `{"name":"wine","version":"1","key":"x"}`),
		patches("model-versions/update", `{"name":"wine","version":"1","description":"new words"}`), patches("model-versions/update", `{"name":"wine","version":"1"}`), patches("model-versions/update", `{"name":"wine","version":"77"}`),
		posts("registered-models/set-tag", `{"name":"wine","key":"t","value":"v"}`), posts("registered-models/set-tag", `{"name":"none","key":"t","value":"v"}`), deletes("registered-models/delete-tag", `{"name":"wine","key":"k"}`),
		patches("registered-models/update", `{"name":"wine","description":"changed"}`), patches("registered-models/update", `{"name":"none","description":"changed"}`), gets("registered-models/get?name=wine"),
		posts("registered-models/create", `{"name":"a prompt","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`), posts("registered-models/create", `{"name":"beer","tags":[{"key":"t","value":"v"}]}`),
		gets("registered-models/search"), gets("registered-models/search?filter=name%20LIKE%20%27w%25%27"), gets("registered-models/search?filter=tags.t%20%3D%20%27v%27"), gets("registered-models/search?max_results=1"), gets("registered-models/search?max_results=1&page_token=" + pageToken(1)), gets("registered-models/search?order_by=name%20DESC"), gets("registered-models/search?order_by=timestamp%20DESC"), gets("registered-models/search?filter=tags.%60mlflow.prompt.is_prompt%60%20%3D%20%27true%27"), gets("registered-models/search?max_results=1001"), gets("registered-models/search?filter=name%20%3D%20%27wine%27%20AND%20tags.t%20!%3D%20%27x%27"),
		gets("model-versions/search"), gets("model-versions/search?filter=name%20%3D%20%27wine%27&order_by=version_number%20ASC"), gets("model-versions/search?filter=run_id%20%3D%20%27«mr»%27&order_by=version_number"), gets("model-versions/search?filter=version_number%20%3E%201&order_by=version_number"), gets("model-versions/search?max_results=1&order_by=version_number"), gets("model-versions/search?filter=source_path%20LIKE%20%27s3%25%27"), gets("model-versions/search?filter=tags.t%20%3D%20%27v%27"), gets("model-versions/search?filter=run_id%20IN%20(%27«mr»%27)%20AND%20name%20IN%20(%27wine%27)&order_by=version_number"), gets("model-versions/search?max_results=0"),
		deletes("model-versions/delete", `{"name":"wine","version":"2"}`), deletes("model-versions/delete", `{"name":"wine","version":"2"}`), gets("registered-models/get?name=wine"), gets("registered-models/alias?name=wine&alias=second"), posts("model-versions/create", `{"name":"wine","source":"s3://bucket/again"}`),
		posts("registered-models/rename", `{"name":"wine","new_name":"red wine"}`), posts("registered-models/rename", `{"name":"wine","new_name":"x"}`), posts("registered-models/rename", `{"name":"red wine","new_name":"a/b"}`), posts("registered-models/create", `{"name":"other"}`), posts("registered-models/rename", `{"name":"other","new_name":"red wine"}`), gets("registered-models/get?name=red%20wine"), gets("registered-models/alias?name=red%20wine&alias=champion"),
		deletes("registered-models/alias", `{"name":"red wine","alias":"champion"}`), deletes("registered-models/alias", `{"name":"red wine","alias":"champion"}`), deletes("registered-models/alias", `{"name":"none","alias":"champion"}`), deletes("registered-models/delete", `{"name":"red wine"}`), deletes("registered-models/delete", `{"name":"red wine"}`), gets("registered-models/get?name=red%20wine"),
		deletes("logged-models/«m2»", ``), gets("logged-models/«m2»"), gets("logged-models/«m2»?allow_deleted=true"), deletes("logged-models/m-none", ``),
	}
}
