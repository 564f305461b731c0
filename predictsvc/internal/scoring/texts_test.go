package scoring

import (
	"slices"
	"strings"
	"testing"
)

// textRows writes the rows of a table for worded with their texts.
func textRows(table *Table) (styles []string) {
	for i := range table.Rows {
		styles = append(styles, table.Texts[int(table.Values[2*i+1])])
	}
	return styles
}

func TestTexts(t *testing.T) {
	in, err := NewInput(worded)
	if err != nil {
		t.Fatal(err)
	}
	var table Table
	for _, body := range []string{
		`{"dataframe_split":{"columns":["style","acid"],"data":[["dry",1],["very \u0073weet",2]]}}`,
		`{"dataframe_records":[{"acid":1,"style":"dry"},{"style":"very sweet","acid":2,"more":"x"}]}`,
		`{"instances":[{"acid":1,"style":"dry"},{"acid":2,"style":"very sweet"}]}`,
		`{"inputs":{"style":["dry","very sweet"],"acid":[1,2]}}`,
	} {
		if err := in.Parse(&table, "application/json", []byte(body), Limits{}); err != nil || !slices.Equal(textRows(&table), []string{"dry", "very sweet"}) {
			t.Errorf("%s\ngives %v of %q, %v", body, table.Values, table.Texts, err)
		}
	}
	if err := in.Parse(&table, "text/csv", []byte("acid,style\n1,dry\n2,\"very sweet\"\n"), Limits{}); err != nil || !slices.Equal(textRows(&table), []string{"dry", "very sweet"}) {
		t.Errorf("CSV gives %v of %q, %v", table.Values, table.Texts, err)
	}
	const infer = `{"inputs":[{"name":"acid","shape":[2],"datatype":"FP64","data":[1,2]},{"name":"style","shape":[2,1],"datatype":"BYTES","data":["dry","very sweet"]}]}`
	if _, err := in.ParseInfer(&table, []byte(infer), Limits{}); err != nil || !slices.Equal(textRows(&table), []string{"dry", "very sweet"}) {
		t.Errorf("%s\ngives %v of %q, %v", infer, table.Values, table.Texts, err)
	}
	for body, says := range map[string]string{
		`{"inputs":{"style":[5],"acid":[1]}}`:                      `row 0: column "style": expected string, got 5`,
		`{"inputs":{"style":[true],"acid":[1]}}`:                   `expected string, got true`,
		`{"dataframe_records":[{"acid":1,"style":null}]}`:          `row 0: column "style" has no value (missing, null or NaN); expected string`,
		`{"dataframe_records":[{"acid":1}]}`:                       `row 0: column "style" has no value`,
		`{"dataframe_records":[{"acid":"dry","style":"sweet"}]}`:   `column "acid": expected double, got the text "dry"`,
		`{"dataframe_split":{"columns":["acid"],"data":[[1]]}}`:    `missing: "style" (string)`,
		`{"dataframe_records":[{"acid":1,"style":["dry","dry"]}]}`: `column "style": expected string, got an array`,
	} {
		if err := in.Parse(&table, "application/json", []byte(body), Limits{}); err == nil || !strings.Contains(err.Message, says) {
			t.Errorf("%s\nis refused by %v, want %s", body, err, says)
		}
	}
	for _, body := range []string{strings.Replace(infer, "BYTES", "FP64", 1), strings.Replace(strings.Replace(infer, "FP64", "BYTES", 1), "[1,2]", `["1","2"]`, 1)} {
		if _, err := in.ParseInfer(&table, []byte(body), Limits{}); err == nil || !strings.Contains(err.Message, "in a tensor of datatype") {
			t.Errorf("%s\nis refused by %v", body, err)
		}
	}
}
