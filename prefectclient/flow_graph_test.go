package prefectclient

import (
	"context"
	"testing"
	"time"
)

func TestGraphHasEachEdgeOnce(t *testing.T) {
	c := server(t)
	type inputs struct{ A, B, C int }
	sum := NewTask("sum", func(_ context.Context, in inputs) (int, error) { return in.A + in.B + in.C, nil })
	double := NewTask("double", func(ctx context.Context, in struct{ Of *Future[int] }) (int, error) {
		n, err := in.Of.Result(ctx)
		return 2 * n, err
	})
	var id string
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) {
		info, _ := Info(ctx)
		id = info.FlowRunID
		return double.Run(ctx, struct{ Of *Future[int] }{sum.Submit(ctx, inputs{1, 2, 3})})
	})
	forget(t, c, flow.Name())
	if n, err := flow.Run(NewContext(t.Context(), c), struct{}{}); n != 12 || err != nil {
		t.Fatal(n, err)
	}
	eventually(t, 10*time.Second, "both task runs are nodes of the graph", func() bool {
		return len(must[*FlowRunGraph](t)(c.FlowRuns.Graph(t.Context(), id)).Nodes) == 2
	})
	for _, node := range must[*FlowRunGraph](t)(c.FlowRuns.Graph(t.Context(), id)).Nodes {
		if parents, children := len(node.Parents), len(node.Children); parents+children != 1 {
			t.Errorf("%s has %d parents and %d children, where the only edge leads from sum to double", node.Label, parents, children)
		}
	}
}
