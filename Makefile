# kpspec. `make` or `make help` lists what can be made.

GO           ?= go
IMAGE        ?= kpref:local
KPSPEC_IMAGE ?= kpspec:local

# The race detector needs a C compiler; without one the tests run without it.
RACE := $(if $(shell command -v gcc || command -v clang),-race)

# What runs the specs dozens of times over goes without the race detector; the tests of ./suites run them with it.
OFTEN := -e /harness/prove$$ -e /harness/prove/storm$$ -e /harness/spread$$ -e /suites/selftest$$

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Everything but: dot imports (Ginkgo's way), and names as the API spells them (RegionId).
CHECKS := all,-ST1001,-ST1003

.DEFAULT_GOAL := help
.PHONY: help run test prove storm docs defects lint bench soak fuzz mutate image

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## run the conformance specs on the embedded reference
	@$(GO) run ./harness/cmd/kpspec run

test: ## run all tests and the proof; RACE= turns the race detector off
	@test -n "$(RACE)" || echo "no C compiler found: testing without the race detector"
	$(GO) test $(RACE) $$($(GO) list ./... | grep -v $(OFTEN))
	$(GO) test $$($(GO) list ./... | grep $(OFTEN))
	$(GO) run ./harness/cmd/kpspec prove --quiet

prove: ## show that the specs find every declared defect of the reference
	@$(GO) run ./harness/cmd/kpspec prove

RUNS ?= 50
storm: ## run the specs RUNS times (default 50) in each kind of bad weather and see that no verdict is wrong
	@$(GO) run ./harness/prove/storm -runs $(RUNS)

defects: ## write the page of declared defects and the count of assertions anew
	@$(GO) run ./harness/cmd/kpspec prove --page reference/defect/DEFECTS.md
	@$(GO) run ./harness/cmd/kpspec prove --count harness/prove/assertions.json

docs: defects ## write all pages that are made from the code anew
	@$(GO) run ./harness/manual/write harness/REFERENCE.md

lint: ## check formatting, vet and staticcheck
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) -checks $(CHECKS) ./...

bench: ## measure the reference, kpref and the suite; a limit stands in brackets behind its unit
	$(GO) test -run '^$$' -bench . -benchmem ./reference/... ./suites/... ./harness/...

SOAK ?= 10m
soak: ## run kpref at full load for SOAK (default 10m) and see whether its memory stays flat
	@$(GO) test ./reference -run '^TestSoak$$' -v -count 1 -timeout 0 -soak $(SOAK)

FUZZTIME ?= 20s
fuzz: ## fuzz every parser for FUZZTIME (default 20s) each
	@grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$name in $$(dirname "$$file")"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" || exit 1; \
		done; \
	done

MUTATE ?= reference
mutate: ## change the reference bit by bit and see what the specs do not notice; MUTATE=reference/DIR for a part
	$(GO) run ./suites/selftest/mutate $(MUTATEFLAGS) $(MUTATE)

# $(call image,PROGRAM,FOLDER OF ITS COMMAND,NAME OF THE IMAGE)
define image
CGO_ENABLED=0 GOOS=linux $(GO) build -trimpath -ldflags '-s -w' -o $(2)/build/$(1) ./$(2)
docker build -t $(3) $(2)
endef

image: ## build the images of kpref and kpspec, named by IMAGE and KPSPEC_IMAGE (default kpref:local, kpspec:local)
	$(call image,kpref,reference/cmd/kpref,$(IMAGE))
	$(call image,kpspec,harness/cmd/kpspec,$(KPSPEC_IMAGE))
