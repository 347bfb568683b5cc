package bundle

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"time"
)

// File is one entry of a zip.
type File struct {
	Name    string
	Mode    os.FileMode
	Content []byte
}

// epoch stands for every file's time: the earliest that a zip can hold.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Pack makes a zip whose bytes depend on nothing but the files.
func Pack(files []File) ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	for _, f := range files {
		header := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: epoch}
		header.SetMode(f.Mode)
		entry, err := w.CreateHeader(header)
		if err != nil {
			return nil, fmt.Errorf("adding %s: %w", f.Name, err)
		}
		if _, err := entry.Write(f.Content); err != nil {
			return nil, fmt.Errorf("adding %s: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("closing the zip: %w", err)
	}
	return buf.Bytes(), nil
}
