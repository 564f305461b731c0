// Package prefectclient is a client of Prefect 3, and flows, tasks and workers in Go.
//
// # The server's model
//
// A flow is a name. Each execution is a flow run, which moves through states: SCHEDULED, PENDING, RUNNING and then
// COMPLETED, FAILED, CANCELLED or CRASHED. The client proposes states ([FlowRunsService.SetState]); the server's rules
// accept them, put another one in their place (a retry, for example), ask to wait, or abort. Within a flow run, task
// runs are the nodes of a graph. They are decided by the client and told to the server by events over a websocket.
//
// A deployment gives a flow a place to run, parameters with a form in the UI, and schedules. Its runs wait in the queues
// of a work pool until a worker claims them.
//
// # Flows as functions
//
// [NewFlow] and [NewTask] wrap functions:
//
//	var load = prefectclient.NewTask("load", loadTable, prefectclient.Retries(3, time.Second))
//
//	var etl = prefectclient.NewFlow("etl", func(ctx context.Context, p Params) (int, error) {
//		rows := load.Map(ctx, p.Files)
//		…
//	})
//
//	n, err := etl.Run(ctx, Params{…})
//
// Without a server a flow simply runs, with its retries and time-outs. Under a client ([NewContext]) the run is
// recorded: graph, states, retries, parameters, and the logs that go through [Logger]. A failure is an error; a panic is
// one too. Time-outs and cancellation end the context; a function that does not heed its context is not stopped.
//
// Options say what happens around a function: [Retries], [Timeout], hooks ([OnFailure] and its kin), kept results and
// caches ([KeepResult], [CacheInputs]), names and tags. Within a flow, [Pause] and [Suspend] wait for somebody who fills in
// a form in the UI, [WithSlots] and [RateLimit] share what is scarce with all other programs, and the client's Artifacts
// show tables, pages and progress.
//
// # Deployments and workers
//
// [Deploy] makes a deployment of a flow, whose form is drawn from the struct P ([SchemaOf]); a [Worker] runs what is
// scheduled in a work pool, and [Serve] does without a pool. A worker runs flows in its own process, which starts them in
// tenths of a second, or each in a subprocess ([Subprocess]), so that a crash takes one run only. A worker that starts
// again settles what it lost; for one that never does there is [CrashZombies]. [Worker.Handler] gives its metrics and
// health. Package prefecttest helps to test flows on a real server.
//
// # The client
//
// [NewFromEnvironment] finds the server as Python's client does; [New] takes an address. Each part of the API is a
// service on [Client]; what has no method is reached by [Client.Do]. Lists are iterators that fetch as they go. A field
// of an update is a [Patch]: left alone, set, or set to null.
//
// Failures are [*Error], with sentinels for decisions ([ErrNotFound], [ErrConflict], …). A call is repeated when that
// is harmless or the server cannot have seen it; others are not, unlike in Python's client, which may carry out a
// creation twice.
package prefectclient
