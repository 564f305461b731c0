package mlflowclient

import (
	"context"
	"maps"
)

type runTagsKey struct{}

// ContextWithTags gives every run that [Client.Start] and its kind start under the context these tags, over those of the client
// ([Client.ContextTags]) and of the context it is made of, under those of [StartRun]. So whoever calls a step that starts runs of its own, a
// flow say, can find them again; a run that is resumed keeps its tags.
func ContextWithTags(ctx context.Context, tags map[string]string) context.Context {
	all := maps.Clone(tagsOfContext(ctx))
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, tags)
	return context.WithValue(ctx, runTagsKey{}, all)
}

func tagsOfContext(ctx context.Context) map[string]string {
	tags, _ := ctx.Value(runTagsKey{}).(map[string]string)
	return tags
}
