package embedded

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

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
		posts("registered-models/create", `{"name":"`+strings.Repeat("n", 256)+`"}`), posts("registered-models/create", `{"name":"`+strings.Repeat("n", 257)+`"}`),
		posts("model-versions/create", `{"name":"other","source":"s3://bucket/model"}`),
		posts("registered-models/alias", `{"name":"other","alias":"`+strings.Repeat("a", 255)+`","version":"1"}`), posts("registered-models/alias", `{"name":"other","alias":"`+strings.Repeat("a", 256)+`","version":"1"}`),
		posts("registered-models/set-tag", `{"name":"other","key":"k","value":"`+strings.Repeat("v", 100_000)+`"}`), posts("registered-models/set-tag", `{"name":"other","key":"k","value":"`+strings.Repeat("v", 100_001)+`"}`),
		gets("registered-models/get?name=other"),
		deletes("logged-models/«m2»", ``), gets("logged-models/«m2»"), gets("logged-models/«m2»?allow_deleted=true"), deletes("logged-models/m-none", ``),
	}
}

// stageSteps move versions between stages and make versions of versions.
func stageSteps() []step {
	steps := []step{
		posts("registered-models/create", `{"name":"staged"}`), posts("registered-models/create", `{"name":"copies"}`), posts("registered-models/create", `{"name":"ü \"🍷\", {x}"}`), posts("registered-models/get-latest-versions", `{"name":"staged"}`),
		posts("experiments/create", `{"name":"stages"}`).saving("se", "experiment_id"),
		posts("runs/create", `{"experiment_id":"«se»","run_name":"trainer"}`).saving("sr", "run.info.run_id"),
		posts("logged-models", `{"experiment_id":"«se»","name":"forest","source_run_id":"«sr»"}`).saving("sm", "model.info.model_id"),
		posts("model-versions/create", `{"name":"staged","source":"models:/«sm»","model_id":"«sm»"}`),
	}
	steps = append(steps, posts("model-versions/create", `{"name":"ü \"🍷\", {x}","source":"models:/«sm»","model_id":"«sm»"}`), gets("logged-models/«sm»"))
	for range 3 {
		steps = append(steps, posts("model-versions/create", `{"name":"staged","source":"s3://bucket/x"}`))
	}
	transition := func(fields string) {
		steps = append(steps, posts("model-versions/transition-stage", fields), gets("registered-models/get?name=staged"))
	}
	transition(`{"name":"staged","version":"1","stage":"Production"}`)
	transition(`{"name":"staged","version":"2","stage":"production","archive_existing_versions":true}`)
	transition(`{"name":"staged","version":"3","stage":"STAGING","archive_existing_versions":false}`)
	for _, bad := range []string{
		`{}`, `{"name":"staged","version":"1"}`, `{"name":"staged","version":"1","stage":"best"}`, `{"name":"staged","version":"99","stage":"Staging"}`, `{"name":"staged","version":1,"stage":"Staging"}`,
		`{"name":"staged","version":"1","stage":"Archived","archive_existing_versions":true}`, `{"name":"none","version":"1","stage":"Staging"}`, `{"name":"staged","version":"1","stage":"Staging","archive_existing_versions":"yes"}`, `{"name":"staged","version":"x","stage":"Staging"}`,
	} {
		steps = append(steps, posts("model-versions/transition-stage", bad))
	}
	steps = append(steps, posts("registered-models/alias", `{"name":"staged","alias":"best","version":"2"}`), gets("model-versions/search?filter=name%20%3D%20%27staged%27&order_by=version_number"))
	for _, in := range []string{
		`{"name":"staged"}`, `{"name":"staged","stages":["Production"]}`, `{"name":"staged","stages":["production","None","none"]}`, `{"name":"staged","stages":[]}`, `{"name":"staged","stages":["best"]}`, `{"name":"staged","stages":"None"}`, `{"name":"staged","stages":[5]}`, `{"name":"none"}`, `{}`, `{"name":5}`,
	} {
		steps = append(steps, posts("registered-models/get-latest-versions", in))
	}
	steps = append(steps, gets("registered-models/get-latest-versions?name=staged"), gets("registered-models/get-latest-versions?name=staged&stages=Production&stages=Staging"))
	for _, source := range []string{
		`"models:/staged/2"`, `"models:/staged/latest"`, `"models:/staged/Production"`, `"models:/staged@best"`, `"models:/staged/1"`, `"models:/staged/99"`, `"models:/staged@none"`, `"models:/none/1"`, `"models:/staged/best"`, `"models:/staged/Archived"`,
		`"models:/staged"`, `"models:/"`, `"models:"`, `"models:/a/b/c"`, `"models:/staged/ "`, `"models://host/staged/1"`, `"models:///staged/1"`, `"models:/staged/1","run_id":"«sr»"`, `"models:/staged/2","run_id":"«sr»"`, `"models:/staged/1","model_id":"«sm»"`, `"models:/staged/2","run_id":""`, `"models:/staged/2","model_id":""`,
	} {
		steps = append(steps, posts("model-versions/create", fmt.Sprintf(`{"name":"copies","source":%s}`, source)))
	}
	for _, query := range []string{
		"registered-models/search?order_by=nobody", "registered-models/search?order_by=`name`", "registered-models/search?order_by=attribute.name", "registered-models/search?order_by=creation_timestamp",
		"model-versions/search?order_by=nobody", "model-versions/search?order_by=attribute.name", "model-versions/search?order_by=tags.x",
		"model-versions/search?filter=version_number%20%3D%20%27x%27", "model-versions/search?filter=version_number%20%3D%20%272%27&order_by=name", "model-versions/search?filter=version_number%20%3E%20%221%22&order_by=name&order_by=version_number",
		"model-versions/search?filter=version_number%20%3D%201.5", "model-versions/search?filter=version_number%20LIKE%201", "model-versions/search?filter=version_number%20IN%20(1)", "model-versions/search?filter=version_number%20%3D%20x",
	} {
		steps = append(steps, gets(query))
	}
	return append(steps, gets("model-versions/search?filter=name%20%3D%20%27copies%27&order_by=version_number"), gets("model-versions/get-download-uri?name=copies&version=1"), gets("model-versions/get-download-uri?name=copies&version=5"))
}

// loggedModelSearchSteps make models with gaps and ties, and search them in every way.
func loggedModelSearchSteps() []step {
	steps := []step{posts("experiments/create", `{"name":"found"}`).saving("fe", "experiment_id"), posts("runs/create", `{"experiment_id":"«fe»","run_name":"maker"}`).saving("fr", "run.info.run_id")}
	search := func(fields m) {
		if _, given := fields["experiment_ids"]; !given {
			fields["experiment_ids"] = []string{"«fe»"}
		}
		if _, given := fields["order_by"]; !given {
			fields["order_by"] = []m{{"field_name": "name", "ascending": true}}
		}
		text, _ := json.Marshal(fields)
		steps = append(steps, posts("logged-models/search", string(text)))
	}
	search(m{})
	for i := range 8 {
		id := fmt.Sprintf("f%d", i)
		steps = append(steps, posts("logged-models", fmt.Sprintf(`{"experiment_id":"«fe»","name":"Model %c","source_run_id":"«fr»","model_type":"t%d","params":[{"key":"depth","value":"%d"},{"key":"a b","value":"x"}],"tags":[{"key":"team","value":"T%d"}]}`, 'A'+i, i%2, i, i%3)).saving(id, "model.info.model_id"))
		for step := range i % 3 {
			steps = append(steps, posts("runs/log-batch", fmt.Sprintf(`{"run_id":"«fr»","metrics":[{"key":"acc","value":%d,"timestamp":%d,"step":%d,"model_id":"«%s»","dataset_name":"wine","dataset_digest":"d%d"},{"key":"m x","value":%d,"timestamp":1,"step":%d,"model_id":"«%s»"}]}`, i-step, i+step, step, id, i%2, i, step, id)))
		}
	}
	steps = append(steps, deletes("logged-models/«f7»", ``))
	for _, filter := range []string{
		"name = 'Model A'", "name = \"Model A\"", "name LIKE 'Model%'", "name ILIKE 'model a'", "name like 'model%'", "name != 'Model A'", "name IN ('Model A', 'Model C')", "name NOT IN ('Model A')", "name in ('Model A')", "name IN 'Model A'",
		"attributes.name = 'Model A'", "attributes.`name` = 'Model A'", "`name` = 'Model A'", "source_run_id = '«fr»'", "model_type = 't1'", "model_id = '«f3»'", "metrics.acc > 2", "metrics.acc >= 2 AND metrics.acc < 5", "metrics.acc = 2.0", "metrics.`m x` > 3", "metrics.acc > 'a'", "metrics.acc LIKE 2",
		"params.depth = '3'", "params.`a b` = 'x'", "params.depth IN ('1','2')", "params.depth > '3'", "params.none = 'x'", "tags.team = 'T1'", "tags.team LIKE 'T%' AND name = 'Model B'", "tags.`team` != 'T1'",
		"creation_time > 0", "creation_timestamp > 0", "creation_timestamp_ms < 10", "last_updated_timestamp >= 1", "creation_time = 'x'", "metric.acc > 1", "nothing = 'x'", "runs.x = 'y'", "name", "name = 'a' OR name = 'b'", "name = ", "", " ", "name = 'a'; name = 'b'", "name IS NULL", "5 = 5", "name IN ()", "name = 'it''s'",
	} {
		search(m{"filter": filter})
		search(m{"filter": filter, "datasets": []m{{"dataset_name": "wine", "dataset_digest": "d0"}}})
	}
	for _, order := range []any{
		[]m{{"field_name": "name"}},
		[]m{{"field_name": "name", "ascending": false}},
		[]m{{"field_name": "metrics.acc", "ascending": false}, {"field_name": "name"}},
		[]m{{"field_name": "metrics.acc", "ascending": true, "dataset_name": "wine", "dataset_digest": "d1"}, {"field_name": "name"}},
		[]m{{"field_name": "metrics.m x", "dataset_name": "none"}, {"field_name": "name"}},
		[]m{{"field_name": "model_type", "ascending": false}, {"field_name": "name"}},
		[]m{{"field_name": "nothing"}},
		[]m{{"field_name": "params.depth"}},
		[]m{{"field_name": "creation_time"}, {"field_name": "name"}},
		[]m{{"field_name": "creation_timestamp", "ascending": true}, {"field_name": "model_id"}},
		[]m{{}},
		"name",
		[]any{5},
		[]m{{"field_name": "name"}, {"field_name": "name", "ascending": false}},
	} {
		search(m{"order_by": order})
	}
	for _, extra := range []m{
		{"max_results": 3},
		{"max_results": 0},
		{"max_results": "2"},
		{"max_results": "x"},
		{"page_token": "###"},
		{"page_token": "é"},
		{"page_token": "e30="},
		{"datasets": []m{{"dataset_name": "wine"}}},
		{"datasets": []m{{"dataset_name": "wine", "dataset_digest": "d1"}, {"dataset_name": "x"}}},
		{"datasets": []m{{"dataset_digest": "d1"}}},
		{"experiment_ids": []string{}},
		{"experiment_ids": nil},
		{"experiment_ids": []string{"x"}},
		{"experiment_ids": []string{"999"}},
		{"experiment_ids": "0"},
		{"experiment_ids": []string{"«fe»", "0"}},
		{"filter": 5},
		{"datasets": "wine"},
	} {
		search(extra)
	}
	return append(steps,
		gets("logged-models/search"), gets("logged-models/«f1»/artifacts/directories"), gets("logged-models/«f1»/artifacts/directories?artifact_directory_path=none"), gets("logged-models/«f1»/artifacts/directories?artifact_directory_path=../x"), gets("logged-models/«f7»/artifacts/directories"), gets("logged-models/m-none/artifacts/directories"))
}
