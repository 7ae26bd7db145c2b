"""The conformance suite as Bazel tests: declared once, made for each target."""

load("//hil/vm:vm_test.bzl", "vm_test")
load("//tools/build_defs:opt.bzl", "opt_test")

def _name(target):
    for character in [":", ",", "-"]:
        target = target.replace(character, "_")
    return target

def _model_test(name, target, filter, **kwargs):
    opt_test(
        name = name,
        args = ["--target=" + target, "--gtest_filter=" + filter],
        binary = "//tests/conformance",
        tags = ["threaded"] if "threads" in target else [],
        **kwargs
    )

def conformance_tests(targets, with_recent_qemu = []):
    """Declares `model_82599` and `model_82599_soak` for a target model:82599, and so on.

    A VM has one test, soak included, with the tag "vm": each costs a boot.

    Args:
      targets: names as --target takes them. Models with threads get the tag "threaded".
      with_recent_qemu: those of them, of VMs, that run a second time under a QEMU of 10.1 or later:
        `vm_virtio_net_recent_qemu`.
    """
    for target in targets:
        name = _name(target)
        if target.startswith("vm:"):
            vm_test(name = name, target = target, timeout = "moderate")
        else:
            _model_test(name, target, "-Soak.*")
            _model_test(name + "_soak", target, "Soak.*", timeout = "moderate")
    for target in with_recent_qemu:
        vm_test(
            name = _name(target) + "_recent_qemu",
            target = target,
            qemu = "recent",
            timeout = "moderate",
        )
