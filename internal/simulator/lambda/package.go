package lambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of deployment packages, in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const (
	maxZip      = 50 << 20
	maxUnzipped = 250 << 20
	// maxStorage bounds the code of all functions, which is kept until the service closes, as invocations may still run in
	// it. Lambda's own limit is 75 GB, which would be too much for a laptop.
	maxStorage = 2 << 30
)

// bootstrapName is the program of a custom runtime: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html.
const bootstrapName = "bootstrap"

// codePackage is a deployment package that was sent over the API and unpacked.
type codePackage struct {
	dir    string
	sha256 string // of the zip, in base64
	size   int64  // of the zip
}

// bootstrap is the path of the program.
func (c *codePackage) bootstrap() string { return filepath.Join(c.dir, bootstrapName) }

// unpack puts a deployment package for a custom runtime into a folder of its own, which is removed when the service closes.
// Its errors are [*APIError]s, but for those of this machine's file system.
func (s *Service) unpack(text []byte) (*codePackage, error) {
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, invalidPackage("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	dir, err := os.MkdirTemp("", "simulated-lambda-")
	if err != nil {
		return nil, fmt.Errorf("unpacking a function's code: %w", err)
	}
	size, err := unzip(archive, dir)
	if err == nil {
		err = s.keepCode(dir, size)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	sum := sha256.Sum256(text)
	return &codePackage{dir, base64.StdEncoding.EncodeToString(sum[:]), int64(len(text))}, nil
}

func invalidPackage(format string, args ...any) error {
	return &APIError{"InvalidParameterValueException", fmt.Sprintf(format, args...)}
}

// keepCode remembers a folder, so that it is removed in the end.
func (s *Service) keepCode(dir string, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return &APIError{"ServiceException", errClosed.Error()}
	case s.codeSize+size > maxStorage:
		return &APIError{"CodeStorageExceededException", fmt.Sprintf("Code storage limit exceeded: the functions' code has %d bytes, and may have %d. Start the simulator anew.", s.codeSize+size, int64(maxStorage))}
	}
	s.codeSize += size
	s.codeDirs[dir] = size
	return nil
}

// discard removes code that nothing has run of.
func (s *Service) discard(c *codePackage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codeSize -= s.codeDirs[c.dir]
	delete(s.codeDirs, c.dir)
	return os.RemoveAll(c.dir)
}

// unzip writes an archive's files below dir, and nothing elsewhere.
func unzip(archive *zip.Reader, dir string) (size int64, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fmt.Errorf("unpacking a function's code: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	runnable := false
	for _, file := range archive.File {
		written, err := unzipFile(root, file, maxUnzipped-size)
		if err != nil {
			return 0, err
		}
		size += written
		runnable = runnable || file.Name == bootstrapName && file.Mode().Perm()&0o111 != 0
	}
	if !runnable {
		return 0, invalidPackage("The deployment package has no file %s at its root that may be executed: Lambda would take it, and every invocation would fail with Runtime.InvalidEntrypoint.", bootstrapName)
	}
	return size, nil
}

// unzipFile writes one file of an archive, up to limit bytes.
func unzipFile(root *os.Root, file *zip.File, limit int64) (size int64, err error) {
	name := strings.TrimSuffix(file.Name, "/")
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return 0, invalidPackage("The deployment package has an entry %q outside its root.", file.Name)
	}
	if file.Mode().IsDir() {
		return 0, makeFolders(root, name)
	}
	if !file.Mode().IsRegular() {
		return 0, invalidPackage("The deployment package has an entry %q that is no regular file: the simulator takes files and folders.", file.Name)
	}
	if err := makeFolders(root, path.Dir(name)); err != nil {
		return 0, err
	}
	if file.UncompressedSize64 > uint64(max(limit, 0)) { // an entry that is larger than it says is none that can be unpacked
		return 0, invalidPackage("Unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	from, err := file.Open()
	if err != nil {
		return 0, invalidPackage("The deployment package's entry %q can't be read: %v", file.Name, err)
	}
	defer func() { _ = from.Close() }() // what it has to say was said by Read
	to, err := root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, file.Mode().Perm()|0o600)
	if err != nil {
		return 0, unpackError(file.Name, err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if size, err = io.Copy(to, from); err != nil {
		return size, invalidPackage("The deployment package's entry %q can't be unpacked: %v", file.Name, err)
	}
	return size, nil
}

func makeFolders(root *os.Root, name string) error {
	if err := root.MkdirAll(filepath.FromSlash(name), 0o755); err != nil {
		return unpackError(name, err)
	}
	return nil
}

// unpackError is the package's fault where it has a name twice, or a file as a folder.
func unpackError(name string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return invalidPackage("The deployment package has %q twice.", name)
	}
	return fmt.Errorf("unpacking %q of a function's code: %w", name, err)
}
