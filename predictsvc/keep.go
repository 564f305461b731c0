package predictsvc

import "time"

// keep does with the rows that sc has scored what comes of every answer, whatever protocol it was asked by: they go to the log, and
// to the shadow model. It takes copies, and does not wait.
func (s *Service) keep(sc *scorer, requestID string, started time.Time) {
	if sc.table.rows == 0 {
		return
	}
	s.metrics.predicted.Add(float64(sc.table.rows))
	if s.recorder != nil {
		s.recorder.offer(sc, requestID, started, time.Since(started))
	}
	if s.shadow != nil {
		s.shadow.offer(sc, requestID, started)
	}
}
