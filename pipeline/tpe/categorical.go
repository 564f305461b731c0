package tpe

import (
	"fmt"
	"slices"
)

// Choice is the type of a category.
type Choice interface {
	~string | ~bool | ~int | ~float64
}

// Categorical is one of a list of choices, whose order matters for what is proposed. [Choices] makes one.
type Categorical struct {
	choices []any
}

// Choices is the distribution over the given choices. They must differ.
func Choices[T Choice](choices ...T) Categorical {
	c := Categorical{choices: make([]any, len(choices))}
	for i, choice := range choices {
		c.choices[i] = choice
	}
	return c
}

// Options returns the choices.
func (c Categorical) Options() []any {
	return slices.Clone(c.choices)
}

// String lists the choices.
func (c Categorical) String() string {
	return fmt.Sprint(c.choices)
}

func (c Categorical) resolve() (*dist, error) {
	if len(c.choices) == 0 {
		return nil, fmt.Errorf("%w: there are no choices", ErrDistribution)
	}
	for i, choice := range c.choices {
		if choice != choice {
			return nil, fmt.Errorf("%w: choice %d is not a number", ErrDistribution, i)
		}
		if slices.Index(c.choices, choice) < i {
			return nil, fmt.Errorf("%w: choice %v occurs twice", ErrDistribution, choice)
		}
	}
	return &dist{
		kind: kindCategorical, high: float64(len(c.choices) - 1), step: 1, choices: slices.Clone(c.choices), source: c,
	}, nil
}

// SuggestCategorical proposes one of the choices for the parameter name; see [Trial.SuggestInt]. It is a function
// because methods have no type parameters.
func SuggestCategorical[T Choice](t *Trial, name string, choices ...T) (T, error) {
	v, err := t.suggest(name, Choices(choices...))
	if err != nil {
		var zero T
		return zero, err
	}
	return choices[int(v)], nil
}
