package embedded

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// searchSteps make a population of runs with gaps, ties and NaN, and search it in every way.
func searchSteps() []step {
	steps := []step{posts("experiments/create", `{"name":"searched","tags":[{"key":"team","value":"Red"}]}`).saving("s", "experiment_id")}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 24 {
		id := fmt.Sprintf("s%02d", i)
		steps = append(steps, posts("runs/create", fmt.Sprintf(`{"experiment_id":"«s»","user_id":"u%d","run_name":"Run %02d","start_time":%d}`, i%3, i, 1000+i)).saving(id, "run.info.run_id"))
		metrics := []string{fmt.Sprintf(`{"key":"acc","value":%g,"timestamp":1}`, float64(rng.IntN(10))/10)}
		switch i % 4 {
		case 0:
			metrics = append(metrics, `{"key":"loss","value":"NaN","timestamp":1}`)
		case 1:
			metrics = append(metrics, fmt.Sprintf(`{"key":"loss","value":%d,"timestamp":1}`, i-12), `{"key":"with space/x","value":"Infinity","timestamp":1}`)
		}
		params := []string{fmt.Sprintf(`{"key":"depth","value":"%d"}`, rng.IntN(20))}
		if i%3 == 0 {
			params = append(params, `{"key":"kind","value":"Forest"}`, `{"key":"a b","value":"it's"}`)
		}
		tags := []string{fmt.Sprintf(`{"key":"group","value":"%c%%_x"}`, 'A'+i%3)}
		if i%5 == 0 {
			tags = append(tags, `{"key":"note.x","value":"Hello World"}`)
		}
		steps = append(steps, posts("runs/log-batch", fmt.Sprintf(`{"run_id":"«%s»","metrics":[%s],"params":[%s],"tags":[%s]}`, id, strings.Join(metrics, ","), strings.Join(params, ","), strings.Join(tags, ","))))
		if i%6 == 0 {
			steps = append(steps, posts("runs/log-inputs", fmt.Sprintf(`{"run_id":"«%s»","datasets":[{"tags":[{"key":"mlflow.data.context","value":"train%d"}],"dataset":{"name":"wine","digest":"d%d","source_type":"x","source":"y"}}]}`, id, i%12, i%12)))
		}
		if i%7 == 0 {
			steps = append(steps, posts("runs/update", fmt.Sprintf(`{"run_id":"«%s»","status":"FINISHED","end_time":%d}`, id, 5000+i)))
		}
		if i%9 == 5 {
			steps = append(steps, posts("runs/delete", fmt.Sprintf(`{"run_id":"«%s»"}`, id)))
		}
	}
	search := func(fields m) {
		fields["experiment_ids"] = []string{"«s»"}
		text, _ := json.Marshal(fields)
		steps = append(steps, posts("runs/search", string(text)))
	}
	for _, f := range runFilters() {
		search(m{"filter": f})
	}
	for _, order := range runOrders() {
		search(m{"order_by": order, "max_results": 30})
	}
	for _, extra := range []m{
		{"max_results": 5},
		{"max_results": 5, "page_token": pageToken(5)},
		{"max_results": 0},
		{"max_results": -3},
		{"max_results": 50001},
		{"max_results": "7"},
		{"max_results": "x"},
		{"max_results": 2.5},
		{"max_results": nil},
		{"run_view_type": "ALL"},
		{"run_view_type": "DELETED_ONLY"},
		{"run_view_type": 3},
		{"run_view_type": "NO"},
		{"run_view_type": 9},
		{"page_token": "###"},
		{"page_token": "é"},
		{"order_by": "acc"},
		{"order_by": []any{5}},
		{"filter": 5},
	} {
		search(extra)
	}
	steps = append(steps, posts("runs/search", `{}`), posts("runs/search", `{"experiment_ids":["x"]}`), posts("runs/search", `{"experiment_ids":"0"}`), posts("runs/search", `{"experiment_ids":["0","«s»","99"],"max_results":3}`), posts("runs/search", `{"experiment_ids":[5]}`))
	return append(steps, experimentSearchSteps()...)
}

// runFilters are filters good and bad.
func runFilters() []string {
	filters := []string{
		"metrics.acc > 0.5", "metrics.acc >= 0.5 AND metrics.acc < 0.9", "metrics.acc = 0.5", "metrics.acc != 0.5", "metric.acc <= .5", "metrics.`acc` > 0.3", `metrics."acc" > 0.3`, "`metrics`.`acc` > 0.3",
		"metrics.loss > -100", "metrics.loss != 0", "metrics.loss = 0", "metrics.loss < 0", "metrics.loss > -5.5 and params.depth = '3'", "metrics.`with space/x` > 1e300", "metrics.acc > 1e-1", "metrics.acc > 1E-1", "metrics.acc>0.5", "metrics.acc   >   0.5  ", "  metrics.acc > 0.5",
		"metrics.acc > '0.5'", "metrics.acc > abc", "metrics.acc LIKE '0'", "metrics.acc == 0.5", "metrics.acc <> 0.5", "metrics.acc", "metrics.acc >", "> 0.5", "metrics.acc > 0.5 OR metrics.acc < 0.2", "metrics.acc > 0.5, metrics.acc < 1", "(metrics.acc > 0.5)", "metrics.acc > 0.5 AND", "AND metrics.acc > 0.5", "metrics.acc > 0.5 metrics.acc < 0.9", "metrics.acc BETWEEN 0 AND 1", "NOT metrics.acc > 0.5", "metrics.acc IS NULL", "metrics.acc > 0.5;", "metrics.acc > 0.5; metrics.acc < 1", "metrics.acc > 1.2.3", "metrics.acc > -0.5", "metrics.acc > - 0.5", "metrics.acc > +0.5", "metrics.acc > 0x10", "metrics.acc > 5abc", "metrics.a-b > 1", "metrics.acc-1 > 1",
		"params.depth = '3'", `params.depth = "3"`, "params.depth != '3'", "params.depth LIKE '1%'", "params.depth ILIKE '1_'", "params.depth > '3'", "params.depth = 3", "params.depth = three", "params.kind = 'Forest'", "params.kind = 'forest'", "params.kind ILIKE 'forest'", "params.kind LIKE 'forest'", "params.kind LIKE 'For%'", "params.kind IS NULL", "params.kind IS NOT NULL", "params.kind is not null", "params.kind is null AND metrics.acc > 0.2", "params.kind IS  NOT  NULL", "params.kind IS NOT  NULL", "params.`a b` = \"it's\"", "params.'a b' = \"it's\"", `params."a b" = "it's"`, "params.a b = 'x'", "params.kind = 'it''s'", `params.kind = 'it\'s'`, "params.kind = 'open", "params.kind = `Forest`", "params.kind IN ('Forest')", "param.kind = 'Forest'", "parameter.kind = 'Forest'", "parameters.kind = 'Forest'", "PARAMS.kind = 'Forest'", "params.kind NOT LIKE 'x'", "params.kind RLIKE 'x'", "params.created = '1'", "params.kind = ''", "params. kind = 'Forest'", "params .kind = 'Forest'", "params = 'x'", "params.= 'x'", ".kind = 'x'", "params.kind.deep = 'x'", "params.kind == 'Forest'",
		"tags.group LIKE 'A%'", "tags.group = 'A%_x'", "tag.group != 'A%_x'", "tags.note.x = 'Hello World'", "tags.`note.x` = 'Hello World'", "tags.`note.x` ILIKE '%WORLD'", "tags.`note.x` LIKE '%WORLD'", "tags.note.x IS NULL", "tags.note.x IS NOT NULL", "tags.mlflow.runName = 'Run 03'", "tags.group > 'A'", "tags.group IN ('a')", "tags.order = 'x'", "tags.select = 'x'", "tags.\"x\" = 'y'", "tags.group =='A'", "tags.x! = 'y'",
		"status = 'FINISHED'", "attributes.status = 'FINISHED'", "attribute.status != 'FINISHED'", "attr.status = 'finished'", "run.status LIKE 'FIN%'", "attributes.status ILIKE 'fin%'", "status = FINISHED", "status > 'A'", "status IN ('FINISHED')", "user_id = 'u1'", "user_id IN ('u1')", "run_name = 'Run 03'", "run_name LIKE 'Run 0%'", "attributes.`Run name` = 'Run 03'", "attributes.`run name` ILIKE 'run 1%'", "run_name != 'Run 03'", "run_name IN ('Run 03', 'Run 04')", "start_time > 1003", "start_time >= 1003 AND start_time <= 1005", "attributes.start_time = 1003", "created > 1005", "attributes.Created < 1003", "end_time > 0", "end_time != 5000", "end_time > 5007.5", "start_time > '5'", "start_time LIKE '1'", "start_time IN (1)", "artifact_uri LIKE '%artifacts'", "nonsense = 'x'", "attributes.nonsense = 'x'", "experiment_id = '1'", "attributes.experiment_id = '1'", "lifecycle_stage = 'active'", "foo.bar = 'x'", "metrics.acc.x > 1",
		"run_id IN ('«s03»','«s04»')", "run_id = '«s03»'", "attributes.run_id NOT IN ('«s03»')", `run_id IN ("«s03»", '«s04»')`, "run_id IN ()", "run_id IN ('a' 'b')", "run_id IN (1, 2)", "run_id IN ('a', 2)", "run_id IN (a, b)", "run_id IN 'a'", "run_id IN ('«s03»',)", "run_id IN ('«s03»' , , 'b')", "run_id in ('«s03»')", "run_id NOT  IN ('«s03»')", "run_id IN('«s03»') AND metrics.acc >= 0", "metrics.acc >= 0 AND run_id IN ('«s03»','«s04»') AND params.depth != 'x'",
		"datasets.name = 'wine'", "dataset.name LIKE 'w%'", "datasets.digest = 'd0'", "datasets.digest IN ('d0','d6')", "datasets.context = 'train0'", "datasets.context != 'train0'", "datasets.name = 'wine' AND datasets.context = 'train6'", "datasets.source = 'x'", "dataset.name = 5", "datasets.name ILIKE 'WINE'", "datasets.name IS NULL", "datasets.name NOT IN ('beer')", "datasets.context IN ('train0', 'train6') AND metrics.acc >= 0", "datasets.name > 'a'",
		"metrics.acc > 0 -- comment", "metrics.acc > 0 # comment", "metrics.acc > 0 /* c */", "''", "5", "*", "a.b.c", "'a' = 'b'", "metrics.acc > metrics.loss", "1 = 1", "metrics.acc > 1 AND 1 = 1", "f(x) > 1", "metrics.f(x) > 1", "metrics[0] > 1", "metrics.acc > (1)", "metrics.acc > 1 + 1", "\tmetrics.acc\n>\t0.5", "metrics.acc > 0.5 AND AND metrics.acc < 1", "tags.é = 'x'", "tags.日本 = 'x'", "tags.a@b = 'x'", "tags.a/b = 'x'", "tags.a$b = 'x'", "tags._x = 'y'", "tags.1x = 'y'", "tags.x1 = 'y'", "metrics.1 > 2", "params.case = 'x'", "params.in = 'x'", "params.from = 'y'", "params.as = 'z'", "params.and = 'z'", "key = 'x'", "name = 'x'", "true = 'x'",
	}
	rng := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"metrics.acc", "params.depth", "tags.group", "status", "start_time", "run_id", "datasets.name", "=", "!=", ">", "<=", "LIKE", "ILIKE", "IN", "NOT", "IS", "NULL", "AND", "OR", "'A%'", `"3"`, "0.5", "3", "-1", "('a','b')", "(", ")", ",", ".", "`x y`", "foo", ";"}
	for range 40 {
		words := make([]string, 1+rng.IntN(7))
		for i := range words {
			words[i] = pieces[rng.IntN(len(pieces))]
		}
		filters = append(filters, strings.Join(words, " "))
	}
	return filters
}

func runOrders() [][]string {
	return [][]string{
		{"metrics.acc"},
		{"metrics.acc DESC"},
		{"metrics.acc ASC", "metrics.loss DESC"},
		{"metrics.loss"},
		{"metrics.loss DESC"},
		{"params.depth"},
		{"params.depth DESC"},
		{"params.kind", "start_time DESC"},
		{"tags.group", "metrics.acc desc"},
		{"tags.`note.x` DESC"},
		{"start_time"},
		{"start_time ASC"},
		{"attributes.start_time DESC"},
		{"end_time DESC"},
		{"end_time"},
		{"run_name"},
		{"status", "run_name DESC"},
		{"user_id DESC", "run_name ASC"},
		{"created"},
		{"attributes.Created DESC", "run_name"},
		{"metrics.`with space/x` DESC"},
		{"metrics.`with space/x`"},
		{`metrics."with space/x" asc`},
		{"params.`a b`"},
		{"params.'a b' DESC"},
		{"metrics.missing"},
		{"attributes.nope"},
		{"nope"},
		{"foo.bar"},
		{"datasets.name"},
		{"metrics.acc", "metrics.acc DESC"},
		{"metrics.acc sideways"},
		{"metrics.acc ASC DESC"},
		{"metrics.acc, metrics.loss"},
		{""},
		{" "},
		{" metrics.acc"},
		{"metrics.acc "},
		{"metrics.acc > 5"},
		{"run name"},
		{"`run name`"},
		{"metrics.acc DESC NULLS LAST"},
		{"DESC"},
		{"5"},
		{"'x'"},
		{"metrics.\"acc"},
		{"metrics.`acc"},
		{"start_time", "start_time"},
		{"start_time", "created"},
		{"metrics.acc; x"},
		{"timestamp"},
		{"params.created"},
	}
}

func experimentSearchSteps() []step {
	var steps []step
	for i := range 6 {
		steps = append(steps, posts("experiments/create", fmt.Sprintf(`{"name":"Zebra %d","tags":[{"key":"team","value":%q},{"key":"n","value":"%d"}]}`, i, []string{"Red", "blue"}[i%2], i)).saving(fmt.Sprintf("z%d", i), "experiment_id"))
	}
	steps = append(steps, posts("experiments/delete", `{"experiment_id":"«z3»"}`))
	for _, f := range []string{"", "name = 'Zebra 1'", "name LIKE 'Zebra%'", "name ILIKE 'zebra%'", "name like 'Zebra%'", "name LIKE 'zebra%'", "attribute.name != 'Zebra 1'", "attributes.name = 'x'", "name IN ('Zebra 1')", "name > 'a'", "name IS NULL", "tags.team = 'Red'", "tag.team ILIKE 'r%'", "tags.team LIKE 'B%'", "tags.team IS NULL", "tags.team is not null", "tags.team IS NOT NULL AND name LIKE 'Z%'", "tags.`team` != 'Red'", "tags.team > 'a'", "tags.team IN ('Red')", "experiment_id = '«z1»'", "experiment_id IN ('«z1»','«z2»')", "experiment_id NOT IN ('«z1»')", "experiment_id != '0'", "experiment_id = 'abc'", "experiment_id LIKE '1'", "experiment_id IN ('x')", "creation_time > 0", "creation_time > 99999999999999", "last_update_time >= 1", "creation_time = 1.5", "creation_time = '5'", "creation_time LIKE 'x'", "creation_time IN (1)", "params.x = 'y'", "metrics.x > 1", "bogus = 'x'", "name = 'a' OR name = 'b'", "name = 'a';", "name", "attr.name = 'x'", "tags.team = 5", "name = 5", "name = Zebra"} {
		text, _ := json.Marshal(m{"filter": f, "max_results": 100})
		steps = append(steps, posts("experiments/search", string(text)))
	}
	for _, o := range [][]string{{"name"}, {"name DESC"}, {"experiment_id"}, {"experiment_id DESC"}, {"name ASC", "experiment_id DESC"}, {"attribute.name"}, {"tags.team"}, {"bogus"}, {"name sideways"}, {""}, {"params.x"}} {
		text, _ := json.Marshal(m{"order_by": o, "max_results": 100})
		steps = append(steps, posts("experiments/search", string(text)))
	}
	return append(steps,
		posts("experiments/search", `{}`), posts("experiments/search", `{"max_results":0}`), posts("experiments/search", `{"max_results":-1}`), posts("experiments/search", `{"max_results":50001}`), posts("experiments/search", `{"max_results":"x"}`), posts("experiments/search", `{"max_results":2,"order_by":["experiment_id"]}`),
		posts("experiments/search", `{"max_results":2,"order_by":["experiment_id"],"page_token":"`+pageToken(2)+`"}`), posts("experiments/search", `{"max_results":2,"page_token":"x"}`), posts("experiments/search", `{"max_results":100,"view_type":"ALL","order_by":["experiment_id"]}`), posts("experiments/search", `{"max_results":100,"view_type":"DELETED_ONLY"}`), posts("experiments/search", `{"max_results":100,"view_type":2}`), posts("experiments/search", `{"max_results":100,"view_type":"x"}`),
		gets("experiments/search?max_results=3&order_by=experiment_id&filter=name%20LIKE%20%27Z%25%27"), gets("experiments/search?max_results=100&order_by=name&order_by=experiment_id&view_type=ALL"), gets("experiments/search"), gets("experiments/search?max_results=abc"), gets("experiments/search?max_results=5&view_type=7"))
}
