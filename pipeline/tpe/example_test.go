package tpe_test

import (
	"fmt"
	"log"

	"mlopsgo/pipeline/tpe"
)

func ExampleStudy() {
	study, err := tpe.NewStudy(tpe.Config{Seed: 0, Direction: tpe.Maximize})
	if err != nil {
		log.Fatal(err)
	}
	for range 40 {
		trial := study.Ask()
		depth, err := trial.SuggestInt("max_depth", tpe.IntRange{Low: 10, High: 100, Step: 10})
		if err != nil {
			log.Fatal(err)
		}
		kind, err := tpe.SuggestCategorical(trial, "kind", "linear", "tree")
		if err != nil {
			log.Fatal(err)
		}
		score := -float64(depth-70) * float64(depth-70)
		if kind == "linear" {
			score -= 50
		}
		if err := study.Tell(trial, score); err != nil {
			log.Fatal(err)
		}
	}
	best, _ := study.Best()
	for _, p := range best.Params {
		fmt.Println(p.Name, p.Value)
	}
	fmt.Println(best.Value)
	// Output:
	// max_depth 70
	// kind tree
	// -0
}

func ExampleStudy_Parallelizable() {
	study, err := tpe.NewStudy(tpe.Config{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("at once:", study.Parallelizable())
	for range study.Parallelizable() {
		trial, err := study.AskSpace(tpe.Dimension{Name: "x", Distribution: tpe.FloatRange{Low: -1, High: 1}})
		if err != nil {
			log.Fatal(err)
		}
		x, _ := trial.SuggestFloat("x", tpe.FloatRange{Low: -1, High: 1})
		if err := study.Tell(trial, x*x); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("then:", study.Parallelizable())
	// Output:
	// at once: 10
	// then: 1
}

func ExampleStudy_AddTrial() {
	cfg := tpe.Config{Seed: 1}
	x := tpe.FloatRange{Low: -1, High: 1}
	study, _ := tpe.NewStudy(cfg)
	for range 15 {
		trial := study.Ask()
		v, _ := trial.SuggestFloat("x", x)
		if err := study.Tell(trial, v*v); err != nil {
			log.Fatal(err)
		}
	}
	resumed, _ := tpe.NewStudy(cfg)
	for _, trial := range study.Trials() {
		if err := resumed.AddTrial(trial); err != nil {
			log.Fatal(err)
		}
	}
	if err := resumed.SetSamplerState(study.SamplerState()); err != nil {
		log.Fatal(err)
	}
	next, _ := study.Ask().SuggestFloat("x", x)
	same, _ := resumed.Ask().SuggestFloat("x", x)
	fmt.Println(next == same)
	// Output: true
}
