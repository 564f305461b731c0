package embedded

import (
	"slices"
	"strings"
)

// group joins the tokens of a filter or an ordering into names, lists and comparisons, in the tokenizer's order of
// steps.
func group(tokens []token) []token {
	tokens = matchPairs(tokens, "[", "]", groupBracket)
	tokens = matchPairs(tokens, "(", ")", groupParen)
	tokens = joinFunctions(tokens)
	tokens = joinDots(tokens)
	tokens = joinIndexes(tokens)
	for i, t := range tokens {
		if t.kind == tokName || t.kind == tokSymbol {
			tokens[i] = token{kind: groupIdent, text: t.text, parts: []token{t}}
		}
	}
	tokens = joinOrder(tokens)
	tokens = joinAround(tokens, groupIdent, func(t token) bool { return t.is(tokPunct, "::") }, func(token) bool { return true })
	tokens = joinAround(tokens, groupArith, func(t token) bool { return t.kind == tokOperator || t.kind == tokWildcard }, isOperand)
	tokens = joinAround(tokens, groupCompare, func(t token) bool { return t.kind == tokCompare }, isComparable)
	tokens = joinAround(tokens, groupIdent, func(t token) bool { return t.is(tokKeyword, "AS") },
		func(t token) bool { return t.kind != tokKeyword || t.is(tokKeyword, "NULL") })
	tokens = joinAliases(tokens)
	return joinLists(tokens)
}

// merge makes one group of tokens[from:to+1].
func merge(tokens []token, kind tokenKind, from, to int) []token {
	var b strings.Builder
	for _, t := range tokens[from : to+1] {
		b.WriteString(t.text)
	}
	parts := slices.Clone(tokens[from : to+1])
	return slices.Replace(tokens, from, to+1, token{kind: kind, text: b.String(), parts: parts})
}

func matchPairs(tokens []token, open, closing string, kind tokenKind) []token {
	var opens []int
	for i := 0; i < len(tokens); i++ {
		switch {
		case tokens[i].is(tokPunct, open):
			opens = append(opens, i)
		case tokens[i].is(tokPunct, closing) && len(opens) > 0:
			from := opens[len(opens)-1]
			opens = opens[:len(opens)-1]
			tokens = merge(tokens, kind, from, i)
			i = from
		}
	}
	return tokens
}

// after is the next token that is not white space, -1 at the end.
func after(tokens []token, i int) int {
	for i++; i < len(tokens); i++ {
		if tokens[i].kind != tokSpace {
			return i
		}
	}
	return -1
}

func joinFunctions(tokens []token) []token {
	for i := 0; i < len(tokens); i++ {
		if next := after(tokens, i); tokens[i].kind == tokName && next >= 0 && tokens[next].kind == groupParen {
			tokens = merge(tokens, groupFunction, i, next)
		}
	}
	return tokens
}

func joinDots(tokens []token) []token {
	prev := -1
	for i := 0; i < len(tokens); i++ {
		if tokens[i].kind == tokSpace {
			continue
		}
		dot := tokens[i].is(tokPunct, ".") || tokens[i].is(tokOperator, "->")
		if dot && prev >= 0 && slices.Contains([]tokenKind{tokName, tokSymbol, groupIdent, groupBracket}, tokens[prev].kind) {
			to := i
			if next := after(tokens, i); next >= 0 && slices.Contains(
				[]tokenKind{tokName, tokSymbol, tokWildcard, tokString, groupFunction, groupBracket}, tokens[next].kind) {
				to = next
			}
			tokens = merge(tokens, groupIdent, prev, to)
			i = prev
		}
		prev = i
	}
	return tokens
}

// joinIndexes ties [ … ] to the name before.
func joinIndexes(tokens []token) []token {
	for i := 1; i < len(tokens); i++ {
		prev := i - 1
		for prev > 0 && tokens[prev].kind == tokSpace {
			prev--
		}
		if tokens[i].kind == groupBracket && slices.Contains([]tokenKind{tokName, tokSymbol, groupIdent, groupFunction, groupBracket}, tokens[prev].kind) {
			tokens = merge(tokens, groupIdent, prev, i)
			i = prev
		}
	}
	return tokens
}

// joinOrder ties ASC and DESC to the name before.
func joinOrder(tokens []token) []token {
	prev := -1
	for i := 0; i < len(tokens); i++ {
		if tokens[i].kind == tokSpace {
			continue
		}
		if tokens[i].kind == tokOrder && prev >= 0 && (tokens[prev].kind == groupIdent || tokens[prev].kind == tokNumber || isNumber(tokens[prev])) {
			tokens = merge(tokens, groupIdent, prev, i)
			i = prev
		}
		prev = i
	}
	return tokens
}

// isNumber leaves hexadecimal numbers out, as the tokenizer's groups do.
func isNumber(t token) bool { return t.kind == tokInteger || t.kind == tokFloat }

func isOperand(t token) bool {
	return isNumber(t) || slices.Contains([]tokenKind{tokString, groupIdent, groupParen, groupFunction, groupBracket, groupArith}, t.kind)
}

func isComparable(t token) bool {
	return t.kind != groupBracket && isOperand(t) || t.is(tokKeyword, "NULL")
}

// joinAround joins what stands on both sides of an operator.
func joinAround(tokens []token, kind tokenKind, isMiddle, isSide func(token) bool) []token {
	prev := -1
	for i := 0; i < len(tokens); i++ {
		if tokens[i].kind == tokSpace {
			continue
		}
		if next := after(tokens, i); isMiddle(tokens[i]) && prev >= 0 && next >= 0 && isSide(tokens[prev]) && isSide(tokens[next]) {
			tokens = merge(tokens, kind, prev, next)
			i = prev
		}
		prev = i
	}
	return tokens
}

// joinAliases joins "a b", which SQL reads as a named b.
func joinAliases(tokens []token) []token {
	for i := 0; i < len(tokens); i++ {
		next := after(tokens, i)
		if next < 0 || tokens[next].kind != groupIdent {
			continue
		}
		if isNumber(tokens[i]) || slices.Contains([]tokenKind{tokNumber, groupIdent, groupParen, groupFunction, groupArith, groupCompare}, tokens[i].kind) {
			tokens = merge(tokens, groupIdent, i, next)
		}
	}
	return tokens
}

func joinLists(tokens []token) []token {
	prev := -1
	for i := 0; i < len(tokens); i++ {
		if tokens[i].kind == tokSpace {
			continue
		}
		listed := func(t token) bool {
			return isNumber(t) || slices.Contains([]tokenKind{tokString, tokKeyword, tokWildcard, groupIdent, groupFunction, groupArith, groupCompare, groupList}, t.kind)
		}
		if next := after(tokens, i); tokens[i].is(tokPunct, ",") && prev >= 0 && next >= 0 && listed(tokens[prev]) && listed(tokens[next]) {
			tokens = merge(tokens, groupList, prev, next)
			i = prev
		}
		prev = i
	}
	return tokens
}

// joinMembership makes comparisons of "a IN (…)", "a NOT IN (…)", "a IS NULL" and "a IS NOT NULL", which the
// tokenizer leaves in pieces. White space is dropped on the way.
func joinMembership(tokens []token) []token {
	var solid, joined []token
	for _, t := range tokens {
		if t.kind != tokSpace {
			solid = append(solid, t)
		}
	}
	for i := 0; i < len(solid); {
		rest := solid[i:]
		if len(rest) < 3 {
			return append(joined, rest...)
		}
		first, second, third := rest[0], rest[1], rest[2]
		switch {
		case first.kind != groupIdent:
			joined = append(joined, first)
			i++
		case second.is(tokKeyword, "IN") && third.kind == groupParen:
			joined = append(joined, comparison(first, second, third))
			i += 3
		case second.is(tokKeyword, "IS") && third.is(tokKeyword, "NULL", "NOT NULL"):
			word := token{kind: tokKeyword, text: "IS " + strings.ToUpper(third.text)}
			joined = append(joined, comparison(first, word))
			i += 3
		case len(rest) == 3:
			return append(joined, rest...)
		case second.is(tokKeyword, "NOT") && third.is(tokKeyword, "IN") && rest[3].kind == groupParen:
			joined = append(joined, comparison(first, token{kind: tokKeyword, text: "NOT IN"}, rest[3]))
			i += 4
		default: // as the server does: a name that begins no comparison takes three more tokens with it
			joined = append(joined, rest[:4]...)
			i += 4
		}
	}
	return joined
}

func comparison(parts ...token) token {
	return merge(parts, groupCompare, 0, len(parts)-1)[0]
}
