package prefectclient

import (
	"context"
	"fmt"
	"strings"
)

// PoolType is the type of the work pools that this package's workers serve.
const PoolType = "go"

// Deploy makes a deployment of a flow, or brings it in line with the spec: the flow's entry, its parameters' schema,
// and the work pool (of type [PoolType]) when there is none. The spec's FlowID, ParameterSchema and, when empty,
// Description, Version and Tags come from the flow. See [DeploymentsService.Apply] for what is left alone.
func Deploy(ctx context.Context, c *Client, flow AnyFlow, spec DeploymentSpec) (*Deployment, error) {
	schema, err := flow.ParameterSchema()
	if err != nil {
		return nil, err
	}
	def := flow.definition()
	entry, err := c.Flows.Create(ctx, flow.Name(), nil, nil)
	if err != nil {
		return nil, err
	}
	spec.FlowID, spec.ParameterSchema = entry.ID, schema
	if spec.Description == "" {
		spec.Description = def.description
	}
	if spec.Version == "" {
		spec.Version = def.version
	}
	if spec.Tags == nil {
		spec.Tags = def.tags
	}
	if spec.Entrypoint == "" {
		spec.Entrypoint = entrypoint(def.symbol)
	}
	if spec.WorkPool != "" {
		if err := ensurePool(ctx, c, spec.WorkPool); err != nil {
			return nil, err
		}
	}
	return c.Deployments.Apply(ctx, spec)
}

// ensurePool makes a missing pool; one of another type is refused, because no worker of ours would serve it.
func ensurePool(ctx context.Context, c *Client, name string) error {
	pool, err := c.WorkPools.Ensure(ctx, WorkPoolCreate{
		Name: name, Type: PoolType, Description: "Flow runs for Go workers.",
	})
	if err != nil {
		return err
	}
	if pool.Type != PoolType {
		return fmt.Errorf("prefect: the work pool %q is of type %q, which Go workers do not serve; choose another name", name, pool.Type)
	}
	return nil
}

// entrypoint writes a Go function's name as path:function, the form that the UI knows.
func entrypoint(symbol string) string {
	slash := strings.LastIndexByte(symbol, '/') + 1
	if dot := strings.IndexByte(symbol[slash:], '.'); dot >= 0 {
		return symbol[:slash+dot] + ":" + symbol[slash+dot+1:]
	}
	return symbol
}
