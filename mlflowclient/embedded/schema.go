package embedded

import (
	"embed"
	"fmt"
	"io/fs"
)

// schemaRevision is the revision of a new file, in the terms of MLflow's migrations: the newest of MLflow 3.17.2.
// An older revision would also be readable by older servers, but the first server to open it would migrate it, and
// a migration that starts while a Go program is still logging may find the file locked and stop half way.
const schemaRevision = "dc11669786a5"

// knownRevisions are the revisions that the statements of this package were tested on: all of MLflow's migrations
// from 3.0 (the first) to 3.17.2 (the last). Within them every table that is written keeps its columns or gains
// ones with a default.
var knownRevisions = [...]string{
	"6953534de441", "bda7b8c39065", "cbc13b556ace", "770bee3ae1dd", "a1b2c3d4e5f6", "de4033877273",
	"1a0cddfcaa16", "534353b11cbc", "71994744cf8e", "3da73c924c2f", "bf29a5ff90ea", "1bd49d398cd23",
	"b7c8d9e0f1a2", "5d2d30f0abce", "c9d4e5f6a7b8", "2c33131f4dae", "d3e4f5a6b7c8", "d0e1f2a3b4c5",
	"c8d9e0f1a2b3", "1b5f0d9ad7c1", "e1f2a3b4c5d6", "76601a5f987d", "c3d6457b6d8a", "a5b4c3d2e1f0",
	"ae8bbe7743c9", "7d34483879f0", "da6fb0208061", "89d3d66ed43f", "b7e4c1a90f23", "a8b9c0d1e2f3",
	"c1d2e3f4a5b6", "c3d9e7f1a2b4", "6f8d9c3b2a1e", "1971f2d9a75b", "17e22815139b", "b7e2c1a4d9f3",
	"75868b020152", schemaRevision,
}

//go:embed schema/*.sql
var schemaFiles embed.FS

// createSchema makes MLflow's tables when the file has none. It runs inside of a write transaction, so of several
// processes that start at once one creates them all and the others find them; a process killed meanwhile leaves
// nothing.
func createSchema(tx *session, path string) error {
	found, err := revisionOf(tx.ctx, tx.c.conn, path)
	if err != nil || found != "" {
		return err
	}
	files, err := fs.Glob(schemaFiles, "schema/*.sql")
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := schemaFiles.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := tx.c.conn.ExecContext(tx.ctx, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	const version = `CREATE TABLE alembic_version (
  version_num VARCHAR(32) NOT NULL,
  CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version (version_num) VALUES ('` + schemaRevision + `');`
	_, err = tx.c.conn.ExecContext(tx.ctx, version)
	return err
}
