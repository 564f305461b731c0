-- What feedback had said of the window's predictions when it was looked at.
ALTER TABLE drift_windows
  ADD COLUMN judged integer NOT NULL DEFAULT 0, -- predictions whose truth was known
  ADD COLUMN correct integer NOT NULL DEFAULT 0;

---- create above / drop below ----

ALTER TABLE drift_windows DROP COLUMN judged, DROP COLUMN correct;
