"""The conformance suite in a VM as a Bazel test."""

load("//tools/build_defs:opt.bzl", "opt_test")

def vm_test(name, target, qemu = "", args = [], tags = [], **kwargs):
    """Runs `hil run --target=TARGET`: the suite in a VM. The test's XML is GoogleTest's.

    Args:
      name: of the test.
      target: as --target takes it, such as vm:virtio-net,legacy.
      qemu: "machine" (the one on the PATH), "recent" (10.1 or later), or "" for what the target
        needs.
      args: further arguments of `hil run`, such as --filter=Frames.*
      tags: besides "vm".
      **kwargs: what else tests take.
    """
    opt_test(
        name = name,
        args = ["run", "--target=" + target] + (["--qemu=" + qemu] if qemu else []) + args,
        binary = "//hil:hil_main",
        # QEMU with its own cards keeps one processor busy; a NIC process wants one besides, since
        # the driver's deadlines run by the wall clock.
        tags = ["vm"] + (["cpu:2"] if "82599" in target else []) + tags,
        **kwargs
    )
