# Sync Center. Every target runs on a bare Linux machine with Go, make and git; `make help` lists them.
# Words between ## and the end of a target's line are its help.

# Go's usual place, for shells that were not told.
export PATH := $(PATH):/usr/local/go/bin
SHELL := /usr/bin/env bash -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help

CLUSTER   := hack/cluster/cluster.sh
IMAGE     := hack/image/image.sh
TOOL      := go tool -modfile=hack/tools/go.mod
LINT      := go tool -modfile=$(CURDIR)/hack/tools/lint/go.mod golangci-lint
KUSTOMIZE := $(TOOL) sigs.k8s.io/kustomize/kustomize/v5
# kubectl, or without one the one that was built, which then speaks to the cluster on this machine.
KUBECTL   := $(if $(shell command -v kubectl 2>/dev/null),kubectl,$(CLUSTER) kubectl)
# The race detector needs a C compiler.
RACE      := $(if $(shell command -v gcc 2>/dev/null),-race)
# The modules under hack with tests of their own.
HACK      := hack/cluster hack/image hack/gitops

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Code
.PHONY: generate manifests verify-generated lint

generate: ## Write the generated Go files of the API
	$(TOOL) controller-gen object paths=./api/...

manifests: ## Write the CustomResourceDefinitions from the API's types
	$(TOOL) controller-gen crd paths=./api/... output:crd:dir=config/crd/bases

verify-generated: ## Fail if a generated file is stale
	hack/verify-generated.sh

lint: ## Run golangci-lint, with the import rules of the layout
	$(LINT) run ./...
	@for module in $(HACK); do (cd $$module; $(LINT) run --config $(CURDIR)/.golangci.yml ./...); done

##@ Tests
.PHONY: dependencies envtest-assets test test-unit test-cluster test-e2e bench bench-manager soak

dependencies: ## Install the Debian packages that tests and cluster need, if any is missing
	@hack/install-dependencies.sh

envtest-assets: ## Print a folder of etcd and kube-apiserver for KUBEBUILDER_ASSETS, built once
	@$(CLUSTER) assets

test: dependencies verify-generated test-unit lint test-cluster test-e2e ## Run every test that this machine allows

test-unit: ## Run all tests without pods: units, controllers on a real API server, connectors on real servers
	@assets=$$($(CLUSTER) assets); export KUBEBUILDER_ASSETS=$$assets; set -x; \
	go vet ./...; \
	go test $(RACE) -timeout 20m ./...; \
	for module in $(HACK); do go vet -C $$module ./...; go test -C $$module -count=1 ./...; done

test-cluster: ## Try the cluster of this machine: start it, use it, lose a node, end it
	@hack/cluster/check.sh

test-e2e: ## Run the tests with real pods, where a cluster can run; USE_EXISTING_CLUSTER=true takes the current context
	@hack/test-e2e.sh

soak: ## Look for faults of the engine with random directories and edits; ten minutes
	@go test -run TestModel -v -timeout 10m ./internal/runner/modeltest -rapid.checks=1000000000

bench-manager: ## Measure the manager with 5,000 tasks and 100,000 finished runs; BENCH_TASKS=500 takes five minutes
	@hack/bench/many.sh

bench: ## Measure speed and memory, and print docs/performance.md; BENCH_USERS=10000 takes three minutes
	@hack/bench/bench.sh

##@ Cluster and image
.PHONY: cluster-up cluster-down image install uninstall deploy undeploy build-installer

cluster-up: dependencies ## Start a Kubernetes of one node on this machine, and say how to reach it
	@$(CLUSTER) up

cluster-down: ## End that Kubernetes and leave nothing of it behind
	@$(CLUSTER) down

image: ## Write the image to dist/synccenter.tar and the demo's directory server to dist/demo-slapd.tar, without an engine
	@$(IMAGE) synccenter -output dist/synccenter.tar
	@$(IMAGE) slapd -output dist/demo-slapd.tar

install: ## Install the CustomResourceDefinitions into the current context
	$(KUSTOMIZE) build config/crd | $(KUBECTL) apply --server-side -f -

uninstall: ## Remove the CustomResourceDefinitions, and with them every task and run, from the current context
	$(KUSTOMIZE) build config/crd | $(KUBECTL) delete --ignore-not-found -f -

deploy: ## Install everything into the current context, which must have the image
	$(KUSTOMIZE) build config/default | $(KUBECTL) apply --server-side -f -

undeploy: ## Remove everything from the current context
	$(KUSTOMIZE) build config/default | $(KUBECTL) delete --ignore-not-found -f -

build-installer: ## Write dist/install.yaml, everything in one file
	@mkdir -p dist
	$(KUSTOMIZE) build config/default >dist/install.yaml

##@ Demo
.PHONY: demo demo-down

demo: dependencies ## From a bare machine to a finished sync; USE_EXISTING_CLUSTER=true takes the current context
	@hack/demo/demo.sh up

demo-down: ## Remove the demo with its exported files, and the cluster if the demo started it
	@hack/demo/demo.sh down
