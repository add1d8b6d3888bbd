# Fathom: from raw text to the chart. `make help` lists targets and variables.
# Every stage is a tool that leaves files for the next one. `plan` runs first: it checks names and given files and compares inputs by content.
# Variables: STUDY BACKEND DEVICE LAUNCH MARGIN HEAD INPUT IMDB_ARCHIVE MODELS_DIR LIBTORCH CARGO BIN; of attend: A B EXAMPLES TRIED
# of bench and gpu-check: PEER PEER_PYTHON ROWS ROUNDS BENCH_EXAMPLES BENCH_OUT
STUDY  ?= imdb
DEVICE ?= auto
CARGO  ?= cargo
# `flex` needs only Rust, and is fast enough for the sample and the tests; a real study wants LibTorch.
ENGINE := $(or $(BACKEND),$(if $(filter sample,$(STUDY))$(filter check test%,$(MAKECMDGOALS)),flex,libtorch))
$(if $(filter flex libtorch,$(ENGINE)),,$(error BACKEND=$(ENGINE): the engines are `flex` and `libtorch`))
$(if $(filter-out 1,$(words $(STUDY))$(findstring /,$(STUDY))),$(error STUDY is the name of a file in pipelines/, without `.toml`))
export INPUT IMDB_ARCHIVE MODELS_DIR MARGIN HEAD ENGINE DEVICE A B EXAMPLES TRIED
SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDEXPANSION:
STUDY_GOALS := all plan data prep estimate train evaluate latency report plot so-far attend
.PHONY: $(STUDY_GOALS) answer demo again build build-files build-parquet build-report build-tensor libtorch test test-files test-report test-tensor \
        test-pipeline check bench bench-report gpu-check clean help

all: report plot ## Run STUDY from raw text to table and chart (default: imdb)
	@if test -e $(OUT)/shown -a ! $(PAGE) -nt $(OUT)/shown; then echo 'nothing to be done: study `$(STUDY)` is up to date, see $(REPORT)/table.md and $(PAGE)'; \
	else cat $(REPORT)/table.md; printf '\nchart: %s\nchart: %s\npage:  %s\n' $(CHARTS) $(PAGE); touch $(OUT)/shown; fi
# The study gets the name of INPUT, or STUDY, and is written once. A fault of the texts is found before the encoder is fetched.
NEW = $(if $(INPUT),,$(error INPUT is missing: name your texts, such as make answer INPUT=mail.csv))$(BIN)/plan new --once "$$INPUT" $(if $(filter-out file,$(origin STUDY)),--name $(STUDY))
answer: | build-files ## A study of your texts, INPUT=mail.csv, from text to verdict
	@$(NEW) --check
	@$(if $(MODELS_DIR)$(wildcard data/models/all-MiniLM-L6-v2/config.json),,$(BIN)/fetch model all-MiniLM-L6-v2 --out data/models)
	@study=$$($(NEW) --models $(or $(MODELS_DIR),data/models)) && $(MAKE) all STUDY=$$study
demo: ; @$(MAKE) build STUDY=sample && $(MAKE) all STUDY=sample INPUT= -j$$(nproc || echo 1) ## The embedded study: nothing to download but crates, minutes on two cores
# ---- The tools. Each engine has its own folder of them, so that a build for one leaves a study alone that runs on the other; all are
# compiled in one folder, so that switching compiles nothing again. All calls agree on features (`unify`), but for `cc` with LibTorch. What reads Parquet: if INPUT has some.
TARGET := $(or $(CARGO_TARGET_DIR),target)
TOOLS  := $(TARGET)$(if $(filter libtorch,$(ENGINE)),/libtorch)
BIN    ?= $(TOOLS)/release
export CARGO_BUILD_BUILD_DIR := $(abspath $(TARGET))
CARGO_ALONE := env -u MAKEFLAGS -u MFLAGS CARGO_TERM_PROGRESS_WIDTH=90 $(CARGO)
COMPILE = @$(CARGO_ALONE) build --release --locked --target-dir $(TOOLS) --config term.progress.when='"always"' $(addprefix -p ,$(1)) $(PROGRESS)
# Cargo's progress bar as a line every ten seconds, warnings and errors as they are, and nothing where nothing is compiled.
PROGRESS = $(2) 2>&1 | awk -v RS='[\r\n]' 'BEGIN { srand(); due = srand() + 2 } /Building \[/ { srand(); now = srand(); if (now < due) next; due = now + 10; \
  sub(/.*\] */, "$@: crate "); print; fflush(); next } !/^ *(Compiling|Finished|Blocking|Fetch|Download|\033)/ && NF { print; fflush() }' >&2
TENSOR = train evaluate attend $(if $(filter bench bench-report gpu-check,$(MAKECMDGOALS)),bench)
build: $(if $(filter libtorch,$(ENGINE)),build-files build-report build-tensor) ; $(if $(filter flex,$(ENGINE)),$(call COMPILE,fetch plan prep report $(TENSOR))) ## Compile all tools; BACKEND=flex or libtorch
build-files: $(if $(filter %.parquet,$(INPUT) $(wildcard $(INPUT:%=%/*.parquet) $(INPUT:%=%/data/*.parquet))),build-parquet) ; $(call COMPILE,fetch plan prep)
build-parquet build-report: ; $(call COMPILE,$(patsubst parquet,parquet-rows,$(@:build-%=%)))
build-tensor: ; $(call COMPILE,$(TENSOR),$(FEATURES))
$(BIN)/report: build-report ;
TORCH  := data/libtorch/2.9.1
GIVEN  := $(LIBTORCH)
$(TORCH)/contents.txt: ; crates/fused/libtorch.sh $(TORCH)
libtorch: ; @crates/fused/libtorch.sh $(TORCH) $(GIVEN) ## Bring LibTorch 2.9.1 by pip; LIBTORCH=DIR uses one that is there
ifeq ($(ENGINE),libtorch)
FEATURES := --features libtorch
$(if $(GIVEN),build-files) build-tensor test-tensor check: | $(if $(GIVEN),libtorch,$(TORCH)/contents.txt)
export override LIBTORCH := $(abspath $(or $(wildcard $(GIVEN)),$(TORCH)/torch))
endif
# ---- The study --------------------------------------------------------------------------------------------------------------------
OUT    := out/$(STUDY)
RUNS   := $(OUT)/runs
REPORT := $(OUT)/report
PLAN   := $(BIN)/plan pipelines/$(STUDY).toml
# Asked every time; make starts anew only if this changes the file. A file of no lines stands for the plan that is not there yet.
include $(if $(filter $(STUDY_GOALS) out/% data/%,$(or $(MAKECMDGOALS),all)),$(or $(wildcard $(OUT)/plan.mk),$(shell mkdir -p out; : > out/.no-plan; echo out/.no-plan)))
$(OUT)/plan.mk out/.no-plan &: build-files ; @$(PLAN) --write $(OUT) --format make && touch -t 200001010000 out/.no-plan
.DEFAULT: ; @echo 'make: no target and no file `$@`; `make help` lists the targets' >&2; exit 2
SHARDS      := data/shards/$(SHARDS_NAME)
CHECKED     := $(ENCODERS:%=$(OUT)/checked-%.jsonl)
ESTIMATES   := $(ENCODERS:%=$(OUT)/estimate-$(ENGINE)-$(subst :,-,$(DEVICE))-%.txt)
MODEL_FILES := $(NEEDED_MODELS:%=$(MODELS)/%/config.json)
CONFIGS     := $(RUN_IDS:%=$(RUNS)/%/config.json) $(OUT)/data.json
TRAINED     := $(RUN_IDS:%=$(RUNS)/%/train.json)
PREDICTIONS := $(foreach split,$(SPLITS),$(RUN_IDS:%=$(RUNS)/%/predictions.$(split).jsonl))
LATENCIES   := $(MEASURED_IDS:%=$(RUNS)/%/latency.json)
CHARTS      := $(REPORT)/accuracy-by-blocks.svg $(REPORT)/best-by-depth.svg
PAGE        := $(REPORT)/index.html
REPORTED    := $(addprefix $(REPORT)/,table.md table.csv verdict.md verdict.json quality.md quality.csv) $(PAGE) $(CHARTS)
ATTENDED    := $(if $(A),$(if $(B),$(REPORT)/attend-$(A)-$(B).html))
.PRECIOUS: $(TRAINED) $(PREDICTIONS) $(LATENCIES) $(REPORTED) $(ATTENDED) # whole when there: no interrupt deletes one
# One job at a time on a device: a lock of the device's name, or with LAUNCH the cluster's own queue; without `flock` nothing runs in
# parallel. The sample's models need one core each, so its jobs share the device, except those that measure.
ON_DEVICE := $(or $(LAUNCH),$(if $(shell flock --no-fork Makefile echo yes 2>/dev/null),flock --no-fork out/.$(DEVICE).lock))
$(if $(ON_DEVICE),.PHONY,.NOTPARALLEL):
SHARING := $(if $(filter sample-flex,$(STUDY)-$(ENGINE)),env RAYON_NUM_THREADS=1 $(ON_DEVICE:flock=flock --shared),$(ON_DEVICE))

plan: $(CHECKED) ## Expand the study and check every configuration against its model
# A wrong option of a head is found before the first hour on a GPU; the second `plan` records the sums of what was fetched just now.
$(CHECKED): $(OUT)/checked-%.jsonl: $(OUT)/plan.mk $(MODELS)/%/config.json | $(MODEL_FILES) $(ARCHIVE) build-tensor
	@$(PLAN) --encoder $* | $(BIN)/train --check --config - --model $(MODELS)/$* --study pipelines/$(STUDY).toml -q >&2
	@$(PLAN) --write $(OUT) --format make && $(PLAN) --encoder $* --out $@
data: $(MODEL_FILES) $(ARCHIVE) ## Fetch what the study names
data/models/sample-bert/config.json: build-files ; @$(BIN)/fetch model sample-bert --out data/models
data/models/%/config.json: | build-files ; $(BIN)/fetch model $* --out data/models
data/imdb/aclImdb_v1.tar.gz: | build-files ; $(BIN)/fetch data imdb --out data/imdb
prep: $(SHARDS)/manifest.json ## Tokenize the reviews
$(SHARDS)/manifest.json: $(OWN_TEXTS) $$(wildcard $(SHARDS).sha256) | $(MODEL_FILES) $(CHECKED) $(ARCHIVE) build-files
	$(BIN)/prep --definition pipelines/$(STUDY).toml $(ARCHIVE:%=--archive %) $(OWN_TEXTS:%=--input %) --models $(MODELS) --out $(SHARDS)
# Printed before the first run, and again when the study has changed. Where nothing can be measured, training goes on.
estimate: $(ESTIMATES) ## Say how much work the whole study is, and about how long it takes on this device
	@cat $^
$(ESTIMATES): $(OUT)/estimate-$(ENGINE)-$(subst :,-,$(DEVICE))-%.txt: $(CONFIGS) | $(SHARDS)/manifest.json $(CHECKED) build-tensor
	@{ echo 'study    $(STUDY)'; $(PLAN) --encoder $* | $(ON_DEVICE) $(BIN)/train --estimate --config - --shards $(SHARDS) --model $(MODELS)/$* \
	--device $(DEVICE) || echo 'time     could not be measured'; } | tee $@ $(if $(filter estimate,$(MAKECMDGOALS)),>/dev/null)
train: $(TRAINED) ## Fine-tune every run; an interrupted one goes on after its last complete epoch
$(patsubst %/checkpoints,%/train.json,$(wildcard $(RUN_IDS:%=$(RUNS)/%/checkpoints))): again # a kill left them behind: `train` removes them
$(TRAINED): %/train.json: %/config.json $(OUT)/data.json $(SHARDS)/manifest.json $$(wildcard $(OUT)/models/$$(ENCODER_$$(*F)).sha256) \
            | $(CHECKED) $(ESTIMATES) build-tensor
	$(SHARING) $(BIN)/train --config $< --shards $(SHARDS) --model $(MODELS)/$(ENCODER_$(*F)) --out $* --device $(DEVICE)
EVALUATE = $(BIN)/evaluate --run $(@D) --shards $(SHARDS) --device $(DEVICE)
evaluate: $(PREDICTIONS) ## Predict every test review with every run, and the validation reviews
$(PREDICTIONS): $$(@D)/train.json | build-tensor
	$(SHARING) $(EVALUATE) --split $(patsubst predictions.%.jsonl,%,$(@F)) --out $@
latency: $(LATENCIES) ## Measure how long an answer takes here: one seed of each configuration
$(LATENCIES): %/latency.json: %/train.json | build-tensor
	$(ON_DEVICE) $(EVALUATE) --latency --out $@
report: $(REPORTED) ## Tables, the verdict, and one page with everything
plot: $(CHARTS) ## Every figure, as SVG and PNG
REPORT_ALL = $(BIN)/report all $(RUN_IDS:%=$(RUNS)/%) $(MARGIN:%=--margin %) $(HEAD:%=--head %) $(REPORT_MEASURE:%=--measure %) --out $(REPORT)
$(REPORTED) &: $(TRAINED) $(PREDICTIONS) $(LATENCIES) $(OUT)/question.txt $(BIN)/report
	$(REPORT_ALL)
so-far: $(BIN)/report ## The same of the runs that are finished by now; the others are listed as missing
	$(REPORT_ALL)
# Two runs that differ in depth alone: A and B, or the shallowest and the deepest finished run of a head.
attend: $(ATTENDED) $(BIN)/report ## A page of reviews on which runs A and B differ, and what each attends to
	@$(if $(ATTENDED),echo 'page: $<',pair=$$($(PLAN) --pair $(OUT)) && $(MAKE) attend $$pair $(A:%=A=%) $(B:%=B=%))
$(ATTENDED): $(OUT)/examples.txt $(foreach run,$(A) $(B),$(RUNS)/$(run)/train.json $(RUNS)/$(run)/predictions.test.jsonl) $(BIN)/report | build-tensor
	$(BIN)/report flips $(RUNS)/$(A) $(RUNS)/$(B) --shards $(SHARDS) | $(ON_DEVICE) $(BIN)/attend --run $(RUNS)/$(A) --run $(RUNS)/$(B) \
	--shards $(SHARDS) --faithfulness $(or $(TRIED),100) --limit $(or $(EXAMPLES),40) --format html --device $(DEVICE) --out $@ -

# ---- For developers ---------------------------------------------------------------------------------------------------------------
TEST := $(CARGO_ALONE) test --release --locked --target-dir $(TOOLS)
test: test-files test-report test-tensor test-pipeline ## All tests; on flex unless BACKEND=libtorch
test-files: build-files build-parquet ; $(TEST) -p study -p records -p console@0.1.0 -p fetch -p plan -p prep -p texts -p tokens -p tfidf && $(TEST) -p parquet-rows
test-report: build-report ; $(TEST) -p report -p statistics -p drawing
test-tensor: build-tensor ; $(TEST) -p fused -p bert -p classifier -p train -p evaluate -p attend -p bench $(FEATURES)
test-pipeline: build build-parquet ; BIN=$(abspath $(BIN)) $(TEST) -p pipeline-tests
check: ## Format, lints and documentation
	$(CARGO_ALONE) fmt --all --check
	$(CARGO_ALONE) clippy --release --locked --workspace --all-targets $(FEATURES) -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO_ALONE) doc --release --locked --workspace --no-deps --document-private-items
# `bench` brings what is missing: reviews, models, and with PEER=1 a Python with PyTorch.
BENCH = @$(BIN)/bench $(1) --bin $(BIN) $(ROUNDS:%=--rounds %) $(ROWS:%=--row %) $(if $(PEER),--peer $(PEER_PYTHON)) $(2) $(BENCH_OUT:%=| tee %)
bench: build-files build-tensor ## Measure speed and memory; PEER=1: beside PyTorch
	$(call BENCH,compare,--device $(DEVICE) $(IMDB_ARCHIVE:%=--archive %) $(MODELS_DIR:%=--models %) $(BENCH_EXAMPLES:%=--examples %))
gpu-check: build-tensor ## Measure on a GPU, in minutes; PEER=1: beside PyTorch
	$(call BENCH,gpu-check,--device $(DEVICE:auto=cuda) --shards out/bench/shards $(patsubst %,--examples %,$(or $(BENCH_EXAMPLES),$(GPU_EXAMPLES))))
bench-report: build-report build-tensor ; @$(BIN)/bench report --bin $(BIN) ## Measure `report` on 50 and 500 made-up runs: 1.5 GB under out/bench
clean: ## Remove the results of STUDY, which must be named; data/ and target/ stay
	$(if $(filter file,$(origin STUDY)),@echo 'name the study whose results are to go: make clean STUDY=$(STUDY)' >&2; exit 2,rm -rf $(OUT))
help: ; @awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 } /^# (Variables|of )/ { print substr($$0, 3) }' Makefile ## This list
