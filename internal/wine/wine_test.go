package wine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/wine"
)

func TestEmbeddedTextIsTheFetchedOne(t *testing.T) {
	text, err := io.ReadAll(wine.Open())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:]); got != wine.SHA256 {
		t.Errorf("SHA-256 %s, wanted %s", got, wine.SHA256)
	}
}

func TestTable(t *testing.T) {
	table, err := dataset.ReadCSV(wine.Open(), wine.Name, dataset.ReadOptions{Need: []string{wine.Target}})
	if err != nil {
		t.Fatal(err)
	}
	if table.Rows() != wine.Rows || len(table.Columns()) != wine.Columns || table.Digest() != wine.Digest {
		t.Errorf("%d rows, %d columns, digest %s", table.Rows(), len(table.Columns()), table.Digest())
	}
	scores := map[int64]int{}
	quality, err := table.Column(wine.Target)
	if err != nil {
		t.Fatal(err)
	}
	for _, score := range quality.Ints() {
		scores[score]++
	}
	// the counts that the paper of Cortez et al. plots for the red wines
	if got := fmt.Sprint(scores); got != "map[3:10 4:53 5:681 6:638 7:199 8:18]" {
		t.Error(got)
	}
}

func ExampleOpen() {
	head := make([]byte, 34)
	if _, err := io.ReadFull(wine.Open(), head); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s\n", head)
	// Output: "fixed acidity","volatile acidity"
}
