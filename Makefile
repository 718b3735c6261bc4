# Each target is a line or two; what it does stands behind ##.
GO ?= go
TESTFLAGS ?=
SELFTESTFLAGS ?=
MUTATEFLAGS ?=
BIN := bin/chainmail
# A module of its own: what it needs nobody is to inherit.
FOREIGN := refimpl/foreign
# The tests of the command that start processes, which then watch for races too.
RACES := TestConform|TestServe|TestLoad|TestForeign|TestTarget

.PHONY: help build conform load test race steady far check fmt fmt-check lint selftest mutate fuzz bench bench-load clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/chainmail
	$(GO) build -trimpath -o $(BIN) ./cmd/chainmail

conform: build ## judge the embedded reference platform, reports in chainmail-report/
	$(BIN) conform

load: build ## let 10,000 devices get their tokens from the embedded reference platform
	$(BIN) load

selftest: build ## show that the specs can fail: the kill matrix
	$(BIN) selftest $(SELFTESTFLAGS)

mutate: ## change the source in small ways and list what nobody notices (MUTATEFLAGS)
	$(GO) run ./cmd/mutate $(MUTATEFLAGS)

test: ## run the tests
	$(GO) test $(TESTFLAGS) ./...
	$(GO) -C $(FOREIGN) test $(TESTFLAGS) ./...

race: ## run the tests of what runs side by side with the race detector
	$(GO) test -race $(TESTFLAGS) ./certfactory ./certfactory/store ./loadgen/... ./refimpl/... ./reports ./suites ./suites/expect ./suites/probe ./suites/target
	$(GO) test -race $(TESTFLAGS) -run '$(RACES)' ./cmd/chainmail
	$(GO) -C $(FOREIGN) test -race $(TESTFLAGS) ./...

steady: ## run the suites 20 times beside stress-ng, then 10 times with the race detector
	.ci/steady

far: ## judge a platform over a slow, lossy link: 200 ms there and back, give or take 50, 2 % lost (root, nft)
	unshare --net sh -c 'ip link set lo up && nft -f .ci/lossy.nft && \
		$(GO) test -count 1 -v -timeout 60m -run TestFarPlatform ./cmd/chainmail -far 200ms -jitter 50ms -far-args "--skip web"'

check: fmt-check lint test ## what a change must pass

fmt: ## format
	$(GO) tool gofumpt -l -w .

fmt-check:
	@test -z "$$($(GO) tool gofumpt -l .)" || { $(GO) tool gofumpt -l .; echo "not formatted: run make fmt"; exit 1; }

lint: ## vet, staticcheck, ginkgolinter, tidy modules
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) -C $(FOREIGN) vet ./...
	$(GO) -C $(FOREIGN) tool -modfile=$(CURDIR)/go.mod staticcheck ./...
	$(GO) tool ginkgolinter -forbid-focus-container ./suites/...
	$(GO) mod tidy -diff
	$(GO) -C $(FOREIGN) mod tidy -diff
	$(GO) mod verify

fuzz: ## run every fuzz target for 30 s
	@$(GO) list -f '{{.ImportPath}}' ./... | while read -r p; do \
		$(GO) test -list '^Fuzz' $$p | grep '^Fuzz' | while read -r f; do \
			$(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 30s -fuzzminimizetime 10x $$p || exit 1; done || exit 1; done

bench: ## run the benchmarks, for benchstat
	$(GO) test -run '^$$' -bench . -benchmem -count 6 ./...

bench-load: ## what a connection costs, beside other load generators, on mosquitto
	$(GO) run ./loadgen/peers

clean: ## remove what was built and reported
	rm -rf bin chainmail-report chainmail-load chainmail-selftest chainmail-mutants
