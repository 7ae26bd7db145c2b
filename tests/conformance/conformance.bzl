"""The conformance suite as Bazel tests: one for each target, and one for its soak."""

load("//tools/build_defs:opt.bzl", "opt_test")

def _test(name, target, filter, **kwargs):
    opt_test(
        name = name,
        args = ["--target=" + target, "--gtest_filter=" + filter],
        binary = "//tests/conformance",
        **kwargs
    )

def conformance_tests(targets):
    """Declares `model_82599` and `model_82599_soak` for a target model:82599, and so on.

    Args:
      targets: names as --target takes them. Those with threads get the tag "threaded".
    """
    for target in targets:
        name = target.replace(":", "_").replace(",", "_")
        tags = ["threaded"] if "threads" in target else []
        _test(name, target, "-Soak.*", tags = tags)
        _test(name + "_soak", target, "Soak.*", tags = tags, timeout = "moderate")
