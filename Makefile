# Every target is a plain go command: nothing but Go is needed to build, run the demo and test.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
LDFLAGS  = -s -w -X main.version=$(VERSION)

.PHONY: build package test lint bench e2e demo

build:
	CGO_ENABLED=0 $(GO) build -trimpath -tags lambda.norpc -ldflags "$(LDFLAGS)" -o bin/greenlight ./cmd/greenlight

# PLAN=greenlight.yaml puts a plan beside the binary, with what it includes.
package:
	$(GO) run ./packaging -version "$(VERSION)" -plan "$(PLAN)" -out dist

demo: build
	./bin/greenlight demo

test:
	$(GO) test ./...

lint:
	$(GO) vet ./...
	@unformatted="$$($(GO) run mvdan.cc/gofumpt@v0.9.2 -l .)"; test -z "$$unformatted" || { echo "not formatted by gofumpt:"; echo "$$unformatted"; exit 1; }
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.8.0 run

# The packaged function under AWS's Runtime Interface Emulator, with nginx as green; see CONTRIBUTING.md.
e2e: package
	$(GO) test -tags e2e -count 1 ./e2e/...

bench:
	$(GO) run ./bench
	$(GO) run ./bench/deployments
	$(GO) run ./bench/balancer
