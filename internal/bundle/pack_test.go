package bundle

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"
)

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	files := []File{{"bootstrap", 0o755, bytes.Repeat([]byte("binary"), 1000)}, {"greenlight.yaml", 0o644, []byte("version: 1\n")}}
	first, err := Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two packs of the same files differ")
	}
}

func TestTheZipHoldsWhatLambdaStarts(t *testing.T) {
	zipped, err := Pack([]File{{"bootstrap", 0o755, []byte("binary")}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		t.Fatal(err)
	}
	entry := r.File[0]
	if entry.Name != "bootstrap" || entry.Mode().Perm() != 0o755 {
		t.Errorf("the zip holds %s with mode %s, want an executable bootstrap", entry.Name, entry.Mode())
	}
	if y := entry.Modified.UTC().Year(); y != 1980 {
		t.Errorf("the entry's time is of %d, want 1980: the time of the build must not show", y)
	}
	content, err := entry.Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(content)
	if err != nil || string(text) != "binary" {
		t.Errorf("the entry holds %q (%v)", text, err)
	}
}
