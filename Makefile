# Fathom: from raw text to the chart. `make help` lists the targets.
# Every stage is a tool that leaves files for the next one; this file only says which file comes from which.

STUDY   ?= imdb
DEVICE  ?= auto
LAUNCH  ?=
CARGO   ?= cargo
BIN     ?= $(or $(CARGO_TARGET_DIR),target)/release
# `flex` needs nothing but Rust, and the sample is small enough for it, as are the tests; a real study wants LibTorch.
ifeq ($(BACKEND),)
  BACKEND := $(if $(filter sample,$(STUDY))$(filter check test%,$(MAKECMDGOALS)),flex,libtorch)
endif

ifneq ($(words $(STUDY))$(findstring /,$(STUDY)),1)
  $(error STUDY is the name of a file in pipelines/, without `.toml`)
endif

# They become words of commands and parts of files' names.
odd    = $(strip $(filter-out 1,$(words x$(1)x))$(foreach mark,/ \ ' " ` ; & | * ? < > ~ % $$,$(findstring $(mark),$(1))))
refuse = $(foreach name,$(1),$(if $(call odd,$($(name))),$(error $(name)='$($(name))' is not one plain word: no blank, quote or slash)))
$(call refuse,HEAD MARGIN DEVICE)

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
TARGETS := all demo plan data prep estimate train evaluate latency report plot so-far attend build build-files build-report build-tensor \
        libtorch test test-files test-report test-tensor test-pipeline check bench bench-report gpu-check clean help
.PHONY: $(TARGETS) again
# A slip is told before anything is compiled; a path is the name of a file to make.
UNKNOWN := $(firstword $(foreach goal,$(filter-out $(TARGETS),$(MAKECMDGOALS)),$(if $(findstring /,$(goal)),,$(goal))))
ifneq ($(UNKNOWN),)
  $(error no target `$(UNKNOWN)`; `make help` lists them)
endif

all: report plot ## Run STUDY from raw text to table and chart (default: imdb)
	@$(if $(REDRAWN),cat $(REPORT)/table.md; echo; printf 'chart: %s\n' $(CHARTS); echo 'page:  $(PAGE)', \
	  echo 'nothing to be done: study `$(STUDY)` is up to date, see $(REPORT)/table.md and $(PAGE)')

demo: ## The embedded study: nothing to download but crates, minutes on two cores
	@$(MAKE) all STUDY=sample

# ---- The tools ------------------------------------------------------------------------------------------------

# Three calls, not one: Cargo unites the features within a call, so a change of BACKEND would rebuild polars.
# Cargo decides what is stale. It takes no part in make's job server, and says nothing where nothing is to be done.
CARGO_ALONE := env -u MAKEFLAGS -u MFLAGS $(CARGO)
COMPILE     := $(CARGO_ALONE) build --release --locked
QUIETLY     := 2>&1 | { grep --line-buffered -v -e '^ *Finished' -e '^ *Blocking.*package cache' || :; } >&2

build: build-files build-report build-tensor ## Compile all tools; BACKEND=flex or libtorch
build-files:
	@$(COMPILE) -p fetch -p plan -p prep $(QUIETLY)
build-report:
	@$(COMPILE) -p report $(QUIETLY)
build-tensor:
	@$(COMPILE) -p train -p evaluate -p attend $(if $(filter bench bench-report gpu-check,$(MAKECMDGOALS)),-p bench) $(FEATURES) $(QUIETLY)

# What needs a binary is made again when it changes; what costs hours needs its `build-…`, order-only.
$(BIN)/fetch $(BIN)/plan: build-files ;
$(BIN)/report: build-report ;

# LibTorch is brought here unless LIBTORCH names one; torch-sys wants the path absolute.
TORCH_HOME := data/libtorch/2.9.1
$(TORCH_HOME)/contents.txt:
	crates/fused/libtorch.sh $(TORCH_HOME)
libtorch: $(TORCH_HOME)/contents.txt ## Bring LibTorch 2.9.1 by pip; LIBTORCH=DIR uses one that is there
	@crates/fused/libtorch.sh $(TORCH_HOME)

ifeq ($(BACKEND),libtorch)
  FEATURES := --features libtorch
  ifeq ($(LIBTORCH),)
    LIBTORCH := $(TORCH_HOME)/torch
    build-tensor test-tensor check: | $(TORCH_HOME)/contents.txt
  else ifeq ($(wildcard $(LIBTORCH)/lib/libtorch.*),)
    $(error no LibTorch in `$(LIBTORCH)`: LIBTORCH names a folder with lib/ and include/ of 2.9.1; without it make brings one)
  else
    TORCH_FOUND := $(shell cat $(LIBTORCH)/build-version 2>/dev/null || sed -n "s/^__version__ = '\(.*\)'/\1/p" $(LIBTORCH)/version.py)
    ifeq ($(filter 2.9.1%,$(TORCH_FOUND))$(LIBTORCH_BYPASS_VERSION_CHECK),)
      $(error `$(LIBTORCH)` is LibTorch $(or $(TORCH_FOUND),of no known version), and 2.9.1 is needed; without LIBTORCH make brings it)
    endif
  endif
  override LIBTORCH := $(abspath $(LIBTORCH))
  export LIBTORCH
else ifneq ($(BACKEND),flex)
  $(error BACKEND=$(BACKEND): there are `flex` and `libtorch`)
endif

# ---- The study ------------------------------------------------------------------------------------------------

DEFINITION := pipelines/$(STUDY).toml
OUT        := out/$(STUDY)
RUNS       := $(OUT)/runs
REPORT     := $(OUT)/report
CHART      := $(REPORT)/accuracy-by-blocks.svg
CHARTS     := $(CHART) $(REPORT)/best-by-depth.svg
PAGE       := $(REPORT)/index.html
ESTIMATE   := $(OUT)/estimate-$(BACKEND)-$(subst :,-,$(DEVICE)).txt
CHECKED    := $(OUT)/configurations.jsonl

# Keeps what `$(1)` says; the file's time stays until that differs. The first time it is older than all, because what was made
# before anybody looked is taken as it is. Half written it would differ, and what depends on it look again: no harm.
define remember
@mkdir -p $(@D); said=$$($(1)); if test "$$said" != "$$(cat $@ 2>/dev/null)"; then \
  test -e $@ || first=yes; echo "$$said" > $@; test -z "$${first:-}" || touch -t 197001020000 $@; fi
endef

# `plan` says what the study consists of; make reads that first, unless the targets have no study.
ifneq ($(or $(filter-out bench bench-report build% check clean demo gpu-check help libtorch test%,$(MAKECMDGOALS)),$(if $(MAKECMDGOALS),,all)),)
  ifeq ($(wildcard $(DEFINITION)),)
    $(error no study `$(DEFINITION)`; STUDY may be: $(patsubst pipelines/%.toml,%,$(wildcard pipelines/*.toml)))
  endif
  include $(OUT)/plan.mk
endif
# What is newer than the plan was edited by hand, and `plan` puts it right; so it does where another study file has come under
# the old name, which may be older. Not asked again once make has read the new plan: a clock that jumped would never let it go on.
PLANNED := $(OUT)/study.txt
EDITED  := $(if $(MAKE_RESTARTS),,$(shell for file in $(OUT)/data.json $(RUNS)/*/config.json; do \
  if test "$$file" -nt $(OUT)/plan.mk; then echo "$$file"; fi; done; \
  test "$$(cksum 2>/dev/null < $(DEFINITION))" = "$$(cat $(PLANNED) 2>/dev/null)" || echo $(DEFINITION)))
# Always newer than the study file; a config.json in it keeps its time unless its bytes change.
$(OUT)/plan.mk: $(DEFINITION) $(BIN)/plan $(if $(EDITED),again)
	$(BIN)/plan $(DEFINITION) --write $(OUT) --format make
	@cksum < $(DEFINITION) > $(PLANNED)

SHARDS      := data/shards/$(SHARDS_NAME)
# Shards that several people share and none may change are taken as they are.
MADE_OF     := $(if $(shell test -d data/shards -a ! -w data/shards && echo shared),,$(SHARDS).input)
CONFIGS     := $(RUN_IDS:%=$(RUNS)/%/config.json)
TRAINED     := $(RUN_IDS:%=$(RUNS)/%/train.json)
PREDICTIONS := $(RUN_IDS:%=$(RUNS)/%/predictions.test.jsonl)
VALIDATED   := $(if $(filter validation,$(SPLITS)),$(RUN_IDS:%=$(RUNS)/%/predictions.validation.jsonl))
LATENCIES   := $(MEASURED_IDS:%=$(RUNS)/%/latency.json)
# The tools publish these whole. Make must not delete one because it was interrupted just then: it stands for hours of work.
.PRECIOUS: $(TRAINED) $(PREDICTIONS) $(VALIDATED) $(LATENCIES)
RUN_DIRS    := $(RUN_IDS:%=$(RUNS)/%)
# The sample's model is embedded in `fetch`; others are fetched too, unless MODELS_DIR holds them.
MODELS  := $(if $(filter sample-bert,$(TOKENIZER)),data/models,$(patsubst %/,%,$(or $(MODELS_DIR),data/models)))
BEGUN_FROM    := $(ENCODERS:%=$(OUT)/models/%.txt)
MODEL_CONFIGS := $(patsubst %,$(MODELS)/%/config.json,$(sort $(ENCODERS) $(TOKENIZER)))
ARCHIVE := $(if $(filter imdb,$(DATASET)),$(or $(IMDB_ARCHIVE),data/imdb/aclImdb_v1.tar.gz))
OWN     := $(if $(filter jsonl,$(DATASET)),$(INPUT))
# One job at a time on a device: a lock of the device's name, or with LAUNCH the cluster's own queue.
FLOCK     := $(shell flock --no-fork Makefile true 2>/dev/null && echo flock --no-fork)
ON_DEVICE := $(or $(LAUNCH),$(FLOCK:%fork=%fork out/.$(DEVICE).lock))
ifeq ($(ON_DEVICE),)
.NOTPARALLEL:
endif

plan: $(CHECKED) ## Expand the study and hold every configuration against its model
$(CONFIGS) $(OUT)/data.json: $(OUT)/plan.mk
	$(if $(wildcard $@),,$(BIN)/plan $(DEFINITION) --write $(OUT) --format make)
# A slip in a head's name is told before the first GPU hour, not after it.
$(CHECKED): $(OUT)/plan.mk $(MODEL_CONFIGS) | build-tensor
	@for encoder in $(ENCODERS); do $(BIN)/plan $(DEFINITION) --encoder $$encoder \
	  | $(BIN)/train --check --config - --model $(MODELS)/$$encoder -q >&2; done
	@$(BIN)/plan $(DEFINITION) --out $@

data: $(MODEL_CONFIGS) $(ARCHIVE) ## Fetch what the study names
data/models/sample-bert/config.json: $(BIN)/fetch
	$(BIN)/fetch model sample-bert --out data/models && touch $@
data/models/%/config.json: | build-files
	$(BIN)/fetch model $* --out data/models
data/imdb/aclImdb_v1.tar.gz: | build-files
	$(BIN)/fetch data imdb --out data/imdb
$(MODELS)/%/tokenizer.json: $(MODELS)/%/config.json ;
# Another MODELS_DIR may hold other files of the same names, and no younger ones. Their sums, and not their times or paths: a
# copy is no other model, and nothing is predicted again for it.
$(BEGUN_FROM): $(OUT)/models/%.txt: again | $(MODELS)/%/config.json
	$(call remember,cd $(MODELS)/$*; cat config.json model.safetensors 2>/dev/null | cksum || :)
ifeq ($(DATASET)$(OWN),jsonl)
  $(error data set `jsonl`: name your JSON Lines with INPUT=FILE, one {"id","split","label","text"} a line)
endif
# A copy that was named must be there: told now, not after an hour of compiling.
GIVEN   := $(OWN) $(if $(filter imdb,$(DATASET)),$(IMDB_ARCHIVE)) $(if $(filter-out data/models,$(MODELS)),$(MODEL_CONFIGS))
MISSING := $(strip $(foreach file,$(GIVEN),$(if $(wildcard $(file)),,$(file))))
ifneq ($(MISSING),)
  $(error no `$(firstword $(MISSING))`; INPUT, IMDB_ARCHIVE and MODELS_DIR name what is there, without the last two it is fetched)
endif

# The name of the shards' folder tells all they depend on but the files they were made of, whose sum stands beside it; so a
# touched study file makes none again. What cannot be read is for `prep` to say, and a pipe is read once only.
$(MADE_OF): again | $(MODELS)/$(TOKENIZER)/tokenizer.json $(ARCHIVE) $(OWN)
	$(call remember,{ for file in $|; do if test -f $$file; then cat $$file 2>/dev/null || :; fi; done; } | cksum)
prep: $(SHARDS)/manifest.json ## Tokenize the reviews
$(SHARDS)/manifest.json: $(MODELS)/$(TOKENIZER)/tokenizer.json $(OWN) $(MADE_OF) | $(CHECKED) $(ARCHIVE) build-files
	$(BIN)/prep --definition $(DEFINITION) $(ARCHIVE:%=--archive %) $(OWN:%=--input %) --models $(MODELS) --out $(SHARDS)

# Said before the first run, and again when the study has changed. Where nothing can be measured, training goes on.
estimate: $(ESTIMATE) ## Say how much work the whole study is, and about how long it takes on this device
	@$(if $(SAID),:,cat $(ESTIMATE))
$(ESTIMATE): $(CONFIGS) $(OUT)/data.json | $(SHARDS)/manifest.json $(CHECKED) build-tensor
	@said=$$(echo 'study    $(STUDY)'; for encoder in $(ENCODERS); do $(BIN)/plan $(DEFINITION) --encoder $$encoder \
	  | $(ON_DEVICE) $(BIN)/train --estimate --config - --shards $(SHARDS) --model $(MODELS)/$$encoder \
	  --device $(DEVICE) || echo 'time     could not be measured'; done); \
	  printf '%s\n' "$$said" > $@.partial; mv $@.partial $@ 2>/dev/null || test -s $@ # or another make has moved it
	@cat $@$(eval SAID := yes)

# Killed between the stamp and the last checkpoint's removal: `train` is asked once more, and clears them.
$(patsubst %/checkpoints,%/train.json,$(wildcard $(RUN_IDS:%=$(RUNS)/%/checkpoints))): again
train: $(TRAINED) ## Fine-tune every run; an interrupted one goes on after its last complete epoch
$(foreach run,$(RUN_IDS),$(eval $(RUNS)/$(run)/train.json: $(OUT)/models/$(ENCODER_$(run)).txt))
$(TRAINED): %/train.json: %/config.json $(OUT)/data.json $(SHARDS)/manifest.json | $(CHECKED) $(ESTIMATE) build-tensor
	$(ON_DEVICE) $(BIN)/train --config $< --shards $(SHARDS) --model $(MODELS)/$(ENCODER_$(*F)) --out $* \
	  --device $(DEVICE)

evaluate: $(PREDICTIONS) $(VALIDATED) ## Predict every test review with every run, and the validation reviews
define PREDICT
$(ON_DEVICE) $(BIN)/evaluate --run $* --shards $(SHARDS) --device $(DEVICE) $(1) --out $@
endef
$(PREDICTIONS): %/predictions.test.jsonl: %/train.json | build-tensor
	$(call PREDICT,--split test)
$(VALIDATED): %/predictions.validation.jsonl: %/train.json | build-tensor
	$(call PREDICT,--split validation)

# One seed of a configuration will do: seeds share their shape.
latency: $(LATENCIES) ## Measure how long an answer takes here: one seed of each configuration
$(LATENCIES): %/latency.json: %/train.json | build-tensor
	$(call PREDICT,--latency)

# One call reads all runs once and writes all of these.
REPORTED := $(addprefix $(REPORT)/,table.md table.csv verdict.md verdict.json quality.md quality.csv index.html)
# Published whole, too: a report that fails leaves the last one, which is older than what was asked and so is made again.
.PRECIOUS: $(REPORTED) $(CHARTS)
# Its name tells what was asked, so that another MARGIN or HEAD makes the report anew.
QUESTION := $(OUT)/question-$(or $(MARGIN),default)-$(or $(HEAD),default)
$(QUESTION):
	@rm -f $(OUT)/question-* && touch $@
report: $(REPORTED) ## Tables, the verdict, and one page with everything
plot: $(CHARTS) ## Every figure, as SVG and PNG
$(REPORTED) $(CHARTS) &: $(TRAINED) $(PREDICTIONS) $(VALIDATED) $(LATENCIES) $(QUESTION) $(BIN)/report
	$(BIN)/report all $(RUN_DIRS) $(MARGIN:%=--margin %) $(HEAD:%=--head %) --out $(REPORT)$(eval REDRAWN := yes)
so-far: $(CONFIGS) $(BIN)/report ## The same of the runs that are finished by now; the others are listed as missing
	$(BIN)/report all $(RUN_DIRS) $(MARGIN:%=--margin %) $(HEAD:%=--head %) --out $(REPORT)
	@echo 'page: $(PAGE)'

# Two runs that differ in depth alone, the shallowest and the deepest of a head unless A and B name others.
A        ?= $(firstword $(CONTRAST))
B        ?= $(lastword $(CONTRAST))
EXAMPLES ?= 40
TRIED    ?= 100
ifneq ($(filter attend,$(MAKECMDGOALS)),)
  $(call refuse,A B EXAMPLES TRIED)
  ifneq ($(filter-out $(RUN_IDS),$(A) $(B)),)
    $(error no run `$(firstword $(filter-out $(RUN_IDS),$(A) $(B)))` in study `$(STUDY)`; A and B may be: $(RUN_IDS))
  endif
endif
ATTENDED := $(if $(and $(A),$(B)),$(REPORT)/attend-$(A)-$(B).html)
attend: $(ATTENDED) ## A page of reviews on which runs A and B part, and what each attends to
	@$(if $(ATTENDED),echo 'page: $(ATTENDED)',echo 'study `$(STUDY)` has no head at two depths: name two runs, as in make attend A=RUN B=RUN' >&2; exit 1)
.PRECIOUS: $(ATTENDED)
ASKED := $(OUT)/examples-$(EXAMPLES)-$(TRIED)
$(ASKED):
	@rm -f $(OUT)/examples-* && touch $@
$(ATTENDED): $(ASKED) $(foreach run,$(A) $(B),$(RUNS)/$(run)/train.json $(RUNS)/$(run)/predictions.test.jsonl) $(BIN)/report | build-tensor
	@mkdir -p $(@D)
	$(BIN)/report flips $(RUNS)/$(A) $(RUNS)/$(B) --shards $(SHARDS) \
	  | $(ON_DEVICE) $(BIN)/attend --run $(RUNS)/$(A) --run $(RUNS)/$(B) --shards $(SHARDS) --faithfulness $(TRIED) \
	  --limit $(EXAMPLES) --format html --device $(DEVICE) --out $@ -

# ---- For developers -------------------------------------------------------------------------------------------

TEST := $(CARGO_ALONE) test --release --locked
test: test-files test-report test-tensor test-pipeline ## All tests; on flex unless BACKEND=libtorch
test-files: build-files
	$(TEST) -p study -p records -p console@0.1.0 -p fetch -p plan -p prep -p tokens -p tfidf
test-report: build-report
	$(TEST) -p report -p drawing
test-tensor: build-tensor ## Only the tests of what computes
	$(TEST) -p fused -p bert -p classifier -p train -p evaluate -p attend -p bench $(FEATURES)
test-pipeline: build
	BIN=$(abspath $(BIN)) $(TEST) -p pipeline-tests

# The release profile throughout, so that lints and docs share build scripts and macros with the tools.
check: ## Format, lints, documentation, and which crate may see which
	$(CARGO_ALONE) fmt --all --check
	$(CARGO_ALONE) clippy --release --locked --workspace --all-targets $(FEATURES) -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO_ALONE) doc --release --locked --workspace --no-deps --document-private-items
	$(call never_sees,-p report -p plan -p prep,burn|tch|torch-sys)
	$(call never_sees,-p bert,study|records)
	$(call never_sees,-p tfidf,burn|tch)
never_sees = @seen=$$($(CARGO_ALONE) tree --locked -e normal --prefix none $(1)); \
  if grep -E '^($(2))[ -]' <<< "$$seen"; then echo 'make: `$(1)` must not depend on these' >&2; exit 1; fi

# ---- How fast it is ---------------------------------------------------------------------------------------------

# ROWS='minilm-6-bf16 prep' measures only these, BENCH_EXAMPLES=64 rehearses on few examples, BENCH_OUT=FILE keeps all.
ROUNDS ?= 5
PEER   ?=
BENCH  = $(BIN)/bench $(1) --bin $(BIN) --rounds $(ROUNDS) $(ROWS:%=--row %) $(if $(PEER),--peer $(PEER_PYTHON)) \
  $(and $(BENCH_OUT),| tee $(BENCH_OUT))
# PEER=1 measures PyTorch in turns with ours; another virtual environment by PEER_VENV, another Python by PEER_PYTHON.
PEER_VENV   ?= data/bench-venv
PEER_PYTHON ?= $(PEER_VENV)/bin/python
NEEDS_PEER  := $(if $(PEER),$(filter $(PEER_VENV)/bin/python,$(PEER_PYTHON)))
$(PEER_VENV)/bin/python: | tests/bench/requirements.txt
	@echo 'bringing PyTorch and transformers to $(PEER_VENV)' >&2
	@python3 -m venv $(PEER_VENV)
	@$@ -m pip install --quiet --disable-pip-version-check -r tests/bench/requirements.txt

REVIEWS      := $(or $(IMDB_ARCHIVE),data/imdb/aclImdb_v1.tar.gz)
BENCH_MODELS := $(patsubst %/,%,$(or $(MODELS_DIR),data/models))
BENCH_INPUT  := $(REVIEWS) $(patsubst %,$(BENCH_MODELS)/%/config.json,all-MiniLM-L6-v2 bert-base-cased)
bench: $(NEEDS_PEER) $(BENCH_INPUT) | build-files build-tensor ## Measure speed and memory; PEER=1: beside PyTorch
	@$(call BENCH,compare --archive $(REVIEWS) --models $(BENCH_MODELS) --device $(DEVICE) \
	  $(BENCH_EXAMPLES:%=--examples %))

# Needs no data, and no cargo where the binaries were carried to: CARGO=true BIN=DIR LIBTORCH=<the torch package there>.
gpu-check: $(NEEDS_PEER) | build-tensor ## Measure on a GPU, in minutes; PEER=1: beside PyTorch
	@$(if $(LIBTORCH),LD_LIBRARY_PATH=$(LIBTORCH)/lib$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}) \
	  $(call BENCH,gpu-check --device $(DEVICE:auto=cuda) --shards out/bench/shards $(GPU_EXAMPLES:%=--examples %))

bench-report: | build-report build-tensor ## Measure `report` on 50 and 500 made-up runs of 25,000 predictions: 1.5 GB under out/bench
	@$(BIN)/bench report --bin $(BIN)

clean: ## Remove the results of STUDY; data/ and target/ stay
	rm -rf $(OUT)

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile
	@echo 'Variables: STUDY BACKEND DEVICE LAUNCH MARGIN HEAD INPUT IMDB_ARCHIVE MODELS_DIR LIBTORCH CARGO'
	@echo 'of attend: A B EXAMPLES TRIED'
	@echo 'of bench and gpu-check: PEER PEER_VENV ROWS ROUNDS BENCH_EXAMPLES GPU_EXAMPLES BENCH_OUT'
