# What people and CI call. `make help` lists the targets.
SHELL := /bin/bash
GO    ?= go
ARGS  ?=
ES    ?=

# The race detector needs a C compiler; `make unit` does without where there is none.
RACE := $(if $(shell command -v $${CC:-gcc} 2>/dev/null),-race)
# Tools that scripts/setup installed for this project alone come first.
TOOLS := $(CURDIR)/bin
export PATH := $(TOOLS):$(PATH)

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.DEFAULT_GOAL := help
.PHONY: help demo unit test lint fmt contract bench long image build setup go

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: go ## everything in one process, no Elasticsearch needed (flags: ARGS="-gateway 9080")
	@mkdir -p bin
	@$(GO) build -o bin/demo ./cmd/demo
	@exec bin/demo $(ARGS)

unit: go ## the fast loop: needs Go alone, installs nothing
	$(GO) vet ./internal/... ./cmd/...
	$(GO) test $(RACE) -short ./internal/... ./cmd/...

test: go setup ## everything: installs what the tests need, skips nothing
	$(GO) run ./test/runner

setup: go ## says what the tests need and is missing, and installs it where it may
	@scripts/setup

lint: go ## formatting and lint (scripts/setup installs the tools)
	golangci-lint run ./...
	golangci-lint fmt --diff ./...
	shellcheck scripts/* .ci/run $$(git ls-files '*.sh')

fmt: ## formats the Go code
	golangci-lint fmt ./...

contract: go ## the contract with Elasticsearch against a real one: make contract ES=https://localhost:9200
	@test -n "$(ES)" || { echo 'make contract: say where Elasticsearch is: make contract ES=https://localhost:9200 (see deploy/contract)' >&2; exit 2; }
	CONTRACT_ES="$(ES)" $(GO) test -count=1 $(ARGS) ./test/contract

bench: go ## beside HAProxy, nginx and a bare reverse proxy; allocations a request
	@scripts/setup bench
	$(GO) build -o bin/bench ./test/bench
	bin/bench $(ARGS)
	$(GO) test -run '^$$' -bench . -benchmem ./internal/...

long: go setup ## what takes long: fuzz targets, a soak, chaos, unit tests many times over (FUZZTIME=1m SOAK=1m CHAOS=1m)
	@scripts/setup bench
	scripts/long

image: ## the container image
	docker build -t esgateway:$(VERSION) --build-arg VERSION=$(VERSION) .

build: go ## the gateway, static, in bin/
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/gateway ./cmd/gateway

go:
	@GO="$(GO)" scripts/need-go
