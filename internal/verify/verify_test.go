package verify

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// zipOf packs one file, as it is.
func zipOf(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	header := &zip.FileHeader{Name: name, Method: zip.Store}
	header.SetMode(0o755)
	entry, err := w.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestTheGatesLogIsReadByExecution(t *testing.T) {
	messages := []string{
		"START RequestId: 1 Version: $LATEST",
		`{"level":"INFO","msg":"found","deployment":"d-1","execution":"a","stage":"BeforeInstall","found":"green is tg-2","stage_from":"CodeDeploy","stage_reads":2}`,
		`{"level":"INFO","msg":"found","deployment":"d-2","execution":"z","stage":"AfterInstall","found":"another deployment"}`,
		`{"level":"INFO","msg":"check","deployment":"d-1","execution":"a","stage":"BeforeInstall","check":"green is green","kind":"proof","reason":"all test traffic"}`,
		`{"level":"INFO","msg":"check","deployment":"d-1","execution":"a","stage":"BeforeInstall","check":"answers","kind":"http","reason":"no"}`,
		`{"time":"now","type":"platform.report"}`,
		`{"broken`,
		`{"level":"INFO","msg":"found","deployment":"d-1","execution":"b","stage":"AfterInstall","found":"green is tg-2"}`,
		`{"level":"WARN","msg":"verdict","deployment":"d-1","execution":"a","status":"Failed","reason":"answers: no","stage":"BeforeInstall"}`,
	}
	want := []Execution{
		{ID: "a", Stage: "BeforeInstall", StageFrom: "CodeDeploy", StageReads: 2, Found: "green is tg-2", Proofs: []string{"all test traffic"}, Status: "Failed", Reason: "answers: no"},
		{ID: "b", Stage: "AfterInstall", Found: "green is tg-2"},
	}
	if diff := cmp.Diff(want, executions(messages, "d-1")); diff != "" {
		t.Error(diff)
	}
	if all := executions(messages, ""); len(all) != 3 || all[1].ID != "z" {
		t.Errorf("of all deployments there are %+v", all)
	}
}

// elfOf is the head of a program for a processor, which is all that is looked at.
func elfOf(machine elf.Machine) []byte {
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20], head[52] = byte(elf.ET_EXEC), byte(machine), 1, 64
	return head
}

func TestWhatIsNoFunctionForTheTemplatesIsRefusedWithTheReason(t *testing.T) {
	for _, tt := range []struct {
		why  string
		zip  []byte
		want string // "" for none
	}{
		{"a release's", zipOf(t, "bootstrap", elfOf(elf.EM_AARCH64)), ""},
		{"a file that is no zip", []byte("bootstrap"), "it is no zip"},
		{"a zip of something else", zipOf(t, "greenlight", nil), "it has no file bootstrap"},
		{"a script", zipOf(t, "bootstrap", []byte("#!/bin/sh\n")), "its bootstrap is no program for Linux"},
		{"the other processor's", zipOf(t, "bootstrap", elfOf(elf.EM_X86_64)), "give function-arm64.zip"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := ReadFunction(tt.zip)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestTheFunctionIsPackedWithThePlanOfItsExample(t *testing.T) {
	f, err := ReadFunction(zipOf(t, "bootstrap", elfOf(elf.EM_AARCH64)))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := f.with("version: 1\n")
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 2 || r.File[0].Name != "bootstrap" || r.File[0].Mode().Perm() != 0o755 || r.File[1].Name != "greenlight.yaml" {
		t.Errorf("it has %s with mode %s, and %d files in all", r.File[0].Name, r.File[0].Mode(), len(r.File))
	}
}

func TestTheEstimateHasWhatIsMade(t *testing.T) {
	for _, tt := range []struct {
		why        string
		contracts  []Contract
		ownNetwork bool
		items      int
		total      string
	}{
		{"a function alone needs no network", []Contract{CodeDeployLambda}, true, 2, "$0.01"},
		{"a service in a network that is there", []Contract{ECS}, false, 4, "$0.05"},
		{"a service in one of its own", []Contract{ECS}, true, 5, "$0.09"},
		{"all", Contracts(), true, 5, "$0.17"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			items := Estimate(tt.contracts, tt.ownNetwork)
			if total := Total(items, Expected); len(items) != tt.items || total != tt.total {
				t.Errorf("%d items for %s, want %d for %s: %+v", len(items), total, tt.items, tt.total, items)
			}
		})
	}
}
