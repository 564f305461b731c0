// Package spool is a bounded queue on disk for one process: records go in at one end, survive a process that is killed, and come out at
// the other in the same order.
//
//	s, err := spool.Open(dir, spool.Options{MaxBytes: 512 << 20})
//	err = s.Append(record, rows)      // ErrFull when there is no room
//	record, items, err := s.Next()    // the oldest; nil when there is none
//	err = s.Done()                    // forgets it
//
// # On disk
//
// The folder holds segments, which are only appended to, named by their number: 0000000000000001.spool and so on. A record is
//
//	magic "MLSP" | length of the payload | items in it | CRC-32C of the payload | CRC-32C of the 16 bytes before | payload
//
// in numbers of 32 bits, little-endian. What is torn (the last record of a process that was killed while it wrote) or damaged is passed
// over up to the next record that is whole, and counted. A segment is deleted when all its records are done; so after a crash those at
// its beginning come again, and whoever takes them must not mind. Processes do not share a folder: a lock sees to it.
//
// # What survives what
//
// A record that was appended is in the operating system's hands: it survives the end of the process, kill -9 too. It survives a power cut
// after [Spool.Sync], which also happens whenever a segment is complete.
package spool
