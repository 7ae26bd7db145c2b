"""Fuzz targets."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")
load("@rules_shell//shell:sh_test.bzl", "sh_test")

def fuzz_target(name, max_len, mutations, deps):
    """A function LLVMFuzzerTestOneInput in NAME.cc, and its corpus in corpus/NAME.

    NAME_replay    a test: the corpus, and inputs made of it by our own main; any compiler
    NAME           the fuzzer, and
    NAME_fuzz      a test that runs it for some seconds: both only with --config=fuzz

    Args:
      name: of the target.
      max_len: longest input that libFuzzer makes, in bytes.
      mutations: inputs of the replay besides the corpus, about a second's worth.
      deps: what the function needs.
    """
    corpus = native.glob(["corpus/%s/*" % name])
    folder = "tests/fuzz/corpus/" + name
    cc_test(
        name = name + "_replay",
        size = "small",
        srcs = [
            name + ".cc",
            "replay.cc",
        ],
        args = [
            "--mutations=%d" % mutations,
            folder,
        ],
        data = corpus,
        deps = deps,
    )
    # For the edges of all targets together: coverage.cc.
    cc_library(
        name = name + "_library",
        testonly = True,
        srcs = [name + ".cc"],
        local_defines = ["LLVMFuzzerTestOneInput=Fuzz_" + name],
        tags = ["manual"],
        deps = deps,
    )
    cc_binary(
        name = name,
        testonly = True,
        srcs = [name + ".cc"],
        data = corpus,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )
    sh_test(
        name = name + "_fuzz",
        size = "small",
        srcs = ["fuzz_test.sh"],
        args = [
            "$(location :%s)" % name,
            folder,
            str(max_len),
        ],
        data = [":" + name] + corpus,
        tags = ["manual"],
    )
