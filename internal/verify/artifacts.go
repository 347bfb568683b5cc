package verify

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/templates"
)

//go:embed ground.yaml
var groundTemplate string

// Function is greenlight as Lambda runs it. The zero one is none.
type Function struct{ bootstrap *zip.File }

// maxBootstrap is what Lambda takes of a function unzipped, 250 MB.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxBootstrap = 250 << 20

// ReadFunction reads the zip of a release, or of `make package`, for arm64, which is what the templates' function runs on. A plan that is in it is
// left out: each example has its own.
func ReadFunction(zipped []byte) (Function, error) { return readFunction(zipped, elf.EM_AARCH64) }

func readFunction(zipped []byte, processor elf.Machine) (Function, error) {
	r, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		return Function{}, fmt.Errorf("it is no zip: %w", err)
	}
	i := slices.IndexFunc(r.File, func(f *zip.File) bool { return f.Name == bootstrapName })
	if i < 0 {
		return Function{}, errors.New("it has no file bootstrap, which Lambda starts")
	}
	f, err := r.File[i].Open()
	if err != nil {
		return Function{}, fmt.Errorf("its bootstrap can't be read: %w", err)
	}
	defer func() { _ = f.Close() }()
	binary, err := io.ReadAll(io.LimitReader(f, maxBootstrap+1))
	switch {
	case err != nil:
		return Function{}, fmt.Errorf("its bootstrap can't be read: %w", err)
	case len(binary) > maxBootstrap:
		return Function{}, errors.New("its bootstrap has over 250 MB, which Lambda doesn't take")
	}
	program, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return Function{}, fmt.Errorf("its bootstrap is no program for Linux: %w", err)
	}
	if program.Machine != processor {
		return Function{}, fmt.Errorf("its bootstrap is for %s, and the templates' function runs on arm64: give function-arm64.zip", program.Machine)
	}
	return Function{r.File[i]}, nil
}

// bootstrapName is the file that Lambda starts.
const bootstrapName = "bootstrap"

// with packs the function with a plan.
func (f Function) with(text string) ([]byte, error) {
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	if err := w.Copy(f.bootstrap); err != nil {
		return nil, fmt.Errorf("packing the bootstrap: %w", err)
	}
	entry, err := w.Create(plan.FileName)
	if err != nil {
		return nil, fmt.Errorf("packing the plan: %w", err)
	}
	if _, err := io.WriteString(entry, text); err != nil {
		return nil, fmt.Errorf("packing the plan: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing the function: %w", err)
	}
	return packed.Bytes(), nil
}

// put puts an object into the bucket.
func (v *Verification) put(ctx context.Context, bucket, key string, content []byte) error {
	if err := v.Account.objects.Put(ctx, bucket, key, content); err != nil {
		return fmt.Errorf("putting %s into the bucket %s: %w", key, bucket, err)
	}
	return nil
}

// empty deletes all that is in the bucket, without which its stack can't be deleted.
func (v *Verification) empty(ctx context.Context, bucket string) error {
	for {
		keys, err := v.Account.objects.List(ctx, bucket)
		if err != nil {
			return fmt.Errorf("listing what is in the bucket %s: %w", bucket, err)
		}
		if len(keys) == 0 {
			return nil
		}
		for _, key := range keys {
			if err := v.Account.objects.Delete(ctx, bucket, key); err != nil {
				return fmt.Errorf("deleting %s from the bucket %s: %w", key, bucket, err)
			}
		}
	}
}

// upload puts an example's templates and code into the bucket, as `sam package` does, and gives the address of the template.
func (v *Verification) upload(ctx context.Context, bucket string, c Contract) (template string, err error) {
	folder := string(c) + "/"
	files := examples{templates.SAM(), nil}
	gate := files.replaced("gate.yaml", "CodeUri: ../../dist/function-arm64.zip", "CodeUri: s3://"+bucket+"/"+folder+"function.zip")
	whole := files.replaced(c.example()+".yaml", "Location: gate.yaml", "Location: "+v.Account.objects.URL(bucket, folder+"gate.yaml"))
	if c == CodeDeployLambda {
		whole = replaced(&files.err, c.example()+".yaml", whole, "CodeUri: lambda/app", "CodeUri: s3://"+bucket+"/"+folder+"app.zip")
	}
	contents := map[string][]byte{"gate.yaml": []byte(gate), "template.yaml": []byte(whole)}
	contents["function.zip"], err = v.Function.with(files.read(c.example() + "/" + plan.FileName))
	if c == CodeDeployLambda && err == nil {
		contents["app.zip"], err = appZip(files.read(appSource))
	}
	if err = errors.Join(files.err, err); err != nil {
		return "", fmt.Errorf("packing the example of %s: %w", c.Title(), err)
	}
	for name, content := range contents {
		if err := v.put(ctx, bucket, folder+name, content); err != nil {
			return "", err
		}
	}
	return v.Account.objects.URL(bucket, folder+"template.yaml"), nil
}

// examples reads the examples' files. The first error stays.
type examples struct {
	files fs.FS
	err   error
}

func (e *examples) read(name string) string {
	text, err := fs.ReadFile(e.files, name)
	if err != nil && e.err == nil {
		e.err = err
	}
	return string(text)
}

func (e *examples) replaced(name, from, to string) string {
	return replaced(&e.err, name, e.read(name), from, to)
}

// replaced replaces what must be there once.
func replaced(err *error, name, text, from, to string) string {
	if n := strings.Count(text, from); n != 1 && *err == nil {
		*err = fmt.Errorf("%s has %q %d times, and it is to be there once", name, from, n)
	}
	return strings.Replace(text, from, to, 1)
}
