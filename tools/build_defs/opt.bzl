"""Programs and tests that are optimised whatever the compilation mode of the build is."""

def _opt_transition(_settings, _attr):
    return {"//command_line_option:compilation_mode": "opt"}

_opt = transition(
    implementation = _opt_transition,
    inputs = [],
    outputs = ["//command_line_option:compilation_mode"],
)

def _opt_executable(ctx):
    # An attribute with a transition is a list.
    info = ctx.attr.binary[0][DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = info.files_to_run.executable,
        is_executable = True,
    )
    return [
        DefaultInfo(
            executable = executable,
            files = depset([executable]),
            runfiles = ctx.runfiles(files = ctx.files.data).merge(info.default_runfiles),
        ),
    ]

_ATTRS = {
    "binary": attr.label(
        mandatory = True,
        executable = True,
        cfg = _opt,
        doc = "The program, built with -c opt.",
    ),
    "data": attr.label_list(allow_files = True),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
}

opt_binary = rule(
    implementation = _opt_executable,
    attrs = _ATTRS,
    executable = True,
    doc = "Runs `binary` built with -c opt.",
)

opt_test = rule(
    implementation = _opt_executable,
    attrs = _ATTRS,
    test = True,
    doc = "A test that is `binary` built with -c opt. Takes args and what else tests take.",
)
