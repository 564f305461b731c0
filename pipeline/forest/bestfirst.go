package forest

// frontierNode is a node that is in the tree already and waits to become an inner node.
type frontierNode struct {
	node
	id         int32
	expandable bool
	split      split
}

// growBestFirst grows a tree of at most maxLeaves leaves, always splitting where the impurity falls most.
func (b *builder) growBestFirst(samples, maxLeaves int, sp splitter) {
	b.tree.reset(b.classes)
	splits := maxLeaves - 1
	var frontier frontierHeap
	frontier.push(b.addToFrontier(node{end: int32(samples), parent: -1}, sp))
	for len(frontier) > 0 && !b.stopped.Load() {
		best := frontier.pop()
		if !best.expandable || splits <= 0 {
			b.tree.Left[best.id], b.tree.Right[best.id] = treeLeaf, treeLeaf
			b.tree.Feature[best.id], b.tree.Threshold[best.id] = treeUndefined, treeUndefined
			continue
		}
		splits--
		right, left := childNodes(&best.node, &best.split, best.id)
		leftFrontier := b.addToFrontier(left, sp)
		rightFrontier := b.addToFrontier(right, sp)
		frontier.push(leftFrontier)
		frontier.push(rightFrontier)
	}
}

// addToFrontier puts a node into the tree and finds its split. What is known of constant features is not handed down:
// scikit-learn starts from none in each node.
func (b *builder) addToFrontier(n node, sp splitter) frontierNode {
	n.constants = 0
	sums := b.slot(0)
	sp.open(&n, sums)
	if n.parent < 0 {
		n.impurity = b.impurity(sums, n.weight)
	}
	f := frontierNode{node: n}
	if !b.rules.stop(&n) {
		sp.split(&n, sums, &f.split)
		f.expandable = !b.rules.useless(&n, &f.split)
	}
	f.id = b.tree.add(&n, sums)
	if f.expandable {
		b.tree.makeSplit(f.id, &f.split)
	} else {
		f.split.improvement = 0
	}
	f.split.leftSums = nil // only depth-first growth hands them down
	return f
}

// frontierHeap is a heap by improvement. Among equal improvements the order is that of push_heap and pop_heap in
// GNU's C++ library, which scikit-learn uses: pop lets the last leaf fall to the bottom along the larger children and
// then rise.
type frontierHeap []frontierNode

func (h *frontierHeap) push(f frontierNode) {
	*h = append(*h, f)
	h.rise(len(*h)-1, 0, f)
}

// rise moves a hole at position at up to where f belongs, and puts f there.
func (h *frontierHeap) rise(at, top int, f frontierNode) {
	s := *h
	for at > top {
		parent := (at - 1) / 2
		if !(s[parent].split.improvement < f.split.improvement) {
			break
		}
		s[at] = s[parent]
		at = parent
	}
	s[at] = f
}

func (h *frontierHeap) pop() frontierNode {
	s := *h
	last := len(s) - 1
	best, f := s[0], s[last]
	s[last] = frontierNode{}
	*h = s[:last]
	if last > 0 {
		h.fall(f)
	}
	return best
}

// fall fills the hole at the root: the larger child moves up until the hole is at the bottom, then f rises from there.
func (h *frontierHeap) fall(f frontierNode) {
	s := *h
	at, n := 0, len(s)
	child := 0
	for child < (n-1)/2 {
		child = 2 * (child + 1)
		if s[child].split.improvement < s[child-1].split.improvement {
			child--
		}
		s[at] = s[child]
		at = child
	}
	if n%2 == 0 && child == (n-2)/2 {
		child = 2*child + 1
		s[at] = s[child]
		at = child
	}
	h.rise(at, 0, f)
}
