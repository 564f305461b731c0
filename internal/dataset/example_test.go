package dataset_test

import (
	"fmt"
	"strings"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/wine"
)

func ExampleReadCSV() {
	table, err := dataset.ReadCSV(wine.Open(), wine.Name, dataset.ReadOptions{Need: []string{"alcohol", wine.Target}})
	if err != nil {
		fmt.Println(err)
		return
	}
	features, err := table.Matrix("volatile acidity", "alcohol")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(table.Rows(), "rows; the first wine:", features[:2])
	// Output: 1599 rows; the first wine: [0.7 9.4]
}

func ExampleReadCSV_refused() {
	_, err := dataset.ReadCSV(strings.NewReader("pH;alcohol\n3.51;9.4\n3.2;strong\n"), "cellar.csv", dataset.ReadOptions{})
	fmt.Println(err)
	// Output: cellar.csv, line 3, column "alcohol": "strong" is not a number
}

func ExampleTable_Record() {
	table, err := dataset.ReadCSV(strings.NewReader("pH,quality\n3.51,5\n3.2,6\n"), "cellar", dataset.ReadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	record := table.Record(dataset.LocalSource("data/cellar.csv"))
	fmt.Println(record.Name, record.Digest, record.SourceType, record.Source)
	fmt.Println(record.Schema)
	fmt.Println(record.Profile)
	// Output:
	// cellar a671828e local {"uri": "data/cellar.csv"}
	// {"mlflow_colspec": [{"type": "double", "name": "pH", "required": true}, {"type": "long", "name": "quality", "required": true}]}
	// {"num_rows": 2, "num_elements": 4}
}
