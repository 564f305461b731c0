// Package evidently is a typed client of the Evidently service 0.7.23 (`evidently ui`, or the container evidently/evidently-service).
//
// # Model
//
// A project holds snapshots and one dashboard. A [Snapshot] is the result of one evaluation: [Result]s, which are numbers that the
// dashboard's panels draw over time and [Client.Series] reads, and [Widget]s, which are what the report page shows. The service computes
// nothing: whoever pushes a snapshot has computed it.
//
//	client, err := evidently.New("http://127.0.0.1:8000", evidently.WithSecret(secret))
//	project, err := client.GetOrCreateProject(ctx, "red-wine-quality")
//	id, err := client.PushSnapshot(ctx, project.ID, snapshot, evidently.Key{Name: "window_id", Value: window})
//	fmt.Println(client.ReportURL(project.ID, id))
//
// # What the service forgives and what not
//
// It answers a body that lacks one of eight keys with a bare 500, and one snapshot with a time zone among others without makes every list of
// its project a 500. So [Snapshot] always writes all keys and naive UTC times, and [Snapshot.Validate] refuses what would get stuck, such as
// NaN, before anything is sent. Reads are repeated after a failure, a snapshot that may
// have arrived is looked for before it is sent again ([Client.PushSnapshot]), and a project has an identity made from its name, so that two
// processes cannot make it twice ([Client.GetOrCreateProject]).
//
// Reading is open to everybody; writing needs the secret when the service has one (EVIDENTLY_SECRET there, [WithSecret] here).
package evidently
