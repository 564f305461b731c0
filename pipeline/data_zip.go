package pipeline

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"mlopsgo/internal/dataset"
)

const (
	// maxDirectoryBytes bounds what may be read to list an archive: some 40,000 files of ordinary names.
	maxDirectoryBytes = 4 << 20
	// maxRatio is how many times its packed size a file of more than ratioFrom bytes may have. Tables of measurements come to
	// 3 to 20, deflate's own limit is 1032.
	maxRatio  = 200
	ratioFrom = 1 << 20
	// maxListed is how many names an error shows.
	maxListed = 10
)

// zipWant says which file of an archive is wanted.
type zipWant struct {
	archive  string // its name, for errors
	member   string // empty means the only CSV file
	maxBytes int64  // of the unpacked member
}

// openMember opens one CSV file of a zip archive and reads nothing of the others.
func openMember(r io.ReaderAt, size int64, want zipWant) (*csvText, error) {
	metered := &meteredReader{r: r, left: maxDirectoryBytes}
	archive, err := zip.NewReader(metered, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are checked below, whatever GODEBUG says
		if errors.Is(err, errDirectoryTooBig) {
			return nil, fmt.Errorf("data: %s lists too many files", want.archive)
		}
		return nil, fmt.Errorf("data: %s is not a zip archive, or is cut short", want.archive)
	}
	metered.unlimited = true
	for _, f := range archive.File {
		if err := checkEntry(f); err != nil {
			return nil, fmt.Errorf("data: %s is refused: %w", want.archive, err)
		}
	}
	member, err := chooseMember(archive.File, want)
	if err != nil {
		return nil, fmt.Errorf("data: %s %w", want.archive, err)
	}
	name := want.archive + "#" + member.Name
	if err := checkMember(member, size, want.maxBytes); err != nil {
		return nil, fmt.Errorf("data: %s %w", name, err)
	}
	content, err := member.Open()
	if err != nil {
		return nil, fmt.Errorf("data: %s is damaged: %w", name, err)
	}
	return plainText(content, name, member.Name, content)
}

// checkEntry refuses a file that would lead out of a folder it is unpacked into. Nothing is unpacked here; an archive that
// tries it is not the data somebody meant to give.
func checkEntry(f *zip.File) error {
	switch {
	case strings.ContainsRune(f.Name, '\\'), strings.HasPrefix(f.Name, "/"), driveLetter.MatchString(f.Name),
		slices.Contains(strings.Split(f.Name, "/"), ".."), strings.ContainsRune(f.Name, 0):
		return fmt.Errorf("the name %q in it leads out of the archive", f.Name)
	case f.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%q in it is a link", f.Name)
	}
	return nil
}

var driveLetter = regexp.MustCompile(`^[A-Za-z]:`)

// chooseMember finds the wanted file, or the only CSV file. Its errors follow the archive's name.
func chooseMember(files []*zip.File, want zipWant) (*zip.File, error) {
	var tables, chosen []*zip.File
	for _, f := range files {
		if isTable(f.Name) {
			tables = append(tables, f)
		}
		if f.Name == want.member && !f.FileInfo().IsDir() {
			chosen = append(chosen, f)
		}
	}
	if want.member == "" {
		chosen = tables
	}
	switch {
	case len(chosen) == 1:
		return chosen[0], nil
	case len(chosen) > 1 && want.member != "":
		return nil, fmt.Errorf("holds %q %d times", want.member, len(chosen))
	case len(chosen) > 1:
		return nil, fmt.Errorf("holds %d CSV files: %s; name one as %s#%s", len(tables), listNames(tables), want.archive, tables[0].Name)
	case want.member != "" && len(tables) > 0:
		return nil, fmt.Errorf("holds no %q; its CSV files: %s", want.member, listNames(tables))
	case len(files) == 0:
		return nil, errors.New("is empty")
	}
	return nil, fmt.Errorf("holds no CSV file, only %s", listNames(files))
}

// isTable tells a CSV file by its name, and passes over the doubles that macOS puts into archives.
func isTable(name string) bool {
	return strings.EqualFold(path.Ext(name), ".csv") && !strings.HasPrefix(name, "__MACOSX/") && !strings.HasPrefix(path.Base(name), "._")
}

// checkMember refuses what cannot be read or would grow beyond bounds. Its errors follow the member's name.
func checkMember(f *zip.File, archiveSize, maxBytes int64) error {
	const encrypted = 1 // bit 0 of the flags
	switch {
	case f.Flags&encrypted != 0:
		return errors.New("is encrypted; unpack it first")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fmt.Errorf("is packed by method %d; only deflate and no packing can be read", f.Method)
	case f.UncompressedSize64 > uint64(maxBytes):
		return fmt.Errorf("is %w: %d bytes when unpacked, more than %d", dataset.ErrTooBig, f.UncompressedSize64, maxBytes)
	case f.CompressedSize64 > uint64(archiveSize):
		return errors.New("is said to be larger than the archive; the archive is damaged or cut short")
	case f.UncompressedSize64 > ratioFrom && f.UncompressedSize64/max(f.CompressedSize64, 1) > maxRatio:
		return fmt.Errorf("is %w: it would unpack to more than %d times its size", dataset.ErrTooBig, maxRatio)
	}
	return nil
}

// listNames writes some names for an error.
func listNames(files []*zip.File) string {
	names := make([]string, 0, maxListed+1)
	for _, f := range files[:min(len(files), maxListed)] {
		names = append(names, fmt.Sprintf("%q", f.Name))
	}
	if len(files) > maxListed {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

var errDirectoryTooBig = errors.New("the archive's directory is too big")

// meteredReader bounds what archive/zip reads, and so keeps in memory, while it lists an archive.
type meteredReader struct {
	r         io.ReaderAt
	left      int64
	unlimited bool
}

// ReadAt implements io.ReaderAt.
func (m *meteredReader) ReadAt(p []byte, offset int64) (int, error) {
	if !m.unlimited {
		if m.left -= int64(len(p)); m.left < 0 {
			return 0, errDirectoryTooBig
		}
	}
	return m.r.ReadAt(p, offset)
}
