"""The repositories of a build without bzlmod, none of which needs a network.

Bazel 4 fetches rules_cc, rules_java and remote_coverage_tools for any C++ target, unless WORKSPACE
has repositories of these names. Ours hand on Bazel's built-in rules under the labels and load()
statements that later releases want.
"""

load(":system.bzl", "pkg_config")

_NATIVE = {
    "rules_cc": {
        "cc:defs.bzl": [
            "cc_binary",
            "cc_import",
            "cc_library",
            "cc_test",
            "cc_toolchain",
            "cc_toolchain_suite",
        ],
    },
    "rules_java": {
        "java:defs.bzl": ["java_import", "java_runtime", "java_toolchain"],
    },
    "rules_shell": {
        "shell:sh_binary.bzl": ["sh_binary"],
        "shell:sh_library.bzl": ["sh_library"],
        "shell:sh_test.bzl": ["sh_test"],
    },
}

def _native_rules(ctx):
    for label, rules in _NATIVE[ctx.attr.rules].items():
        package, _, bzl = label.partition(":")
        ctx.file(package + "/BUILD", "exports_files(glob([\"*.bzl\"]))\n")
        ctx.file(
            package + "/" + bzl,
            "".join(["{0} = native.{0}\n".format(rule) for rule in rules]),
        )
    ctx.file("BUILD", "")

_native_rules_repository = repository_rule(
    implementation = _native_rules,
    attrs = {"rules": attr.string(mandatory = True)},
)

def _coverage_tools(ctx):
    ctx.file("none", "#!/bin/sh\necho 'no coverage tools in this build' >&2\nexit 1\n")
    ctx.file("BUILD", """
[sh_binary(
    name = name,
    srcs = ["none"],
    visibility = ["//visibility:public"],
) for name in ["coverage_report_generator", "lcov_merger"]]
""")

_coverage_tools_repository = repository_rule(implementation = _coverage_tools)

# Like the registry's module: gtest has both libraries, and sanitizers instrument them.
_GOOGLETEST = """
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "gtest",
    testonly = True,
    srcs = ["googlemock/src/gmock-all.cc", "googletest/src/gtest-all.cc"],
    hdrs = glob(["*/include/**/*.h"]),
    includes = ["googlemock", "googlemock/include", "googletest", "googletest/include"],
    linkopts = ["-pthread"],
    textual_hdrs = glob(["*/src/*"], exclude = ["*/src/*-all.cc", "*/src/*_main.cc"]),
)

cc_library(
    name = "gtest_main",
    testonly = True,
    srcs = ["googlemock/src/gmock_main.cc"],
    deps = [":gtest"],
)
"""

def _googletest(ctx):
    source = ctx.path("/usr/src/googletest")
    if not source.exists:
        fail("/usr/src/googletest is missing. Try: apt-get install googletest")
    for part in ["googlemock", "googletest"]:
        for folder in ["include", "src"]:
            ctx.symlink(source.get_child(part).get_child(folder), part + "/" + folder)
    ctx.file("BUILD", _GOOGLETEST)

_googletest_repository = repository_rule(implementation = _googletest, configure = True, local = True)

def workspace_repositories():
    """What MODULE.bazel takes from a registry."""
    for name in _NATIVE:
        _native_rules_repository(name = name, rules = name)
    _coverage_tools_repository(name = "remote_coverage_tools")
    _googletest_repository(name = "googletest")
    pkg_config(
        name = "google_benchmark",
        library = "benchmark",
        module = "benchmark",
        package = "libbenchmark-dev",
    )
