"""Builds the mutants of mutants.bzl."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library")
load("//tools/build_defs:opt.bzl", "opt_binary")
load(":mutants.bzl", "BUS_MUTANTS", "DRIVER_MUTANTS", "PART_MUTANTS", "VIRTIO_MUTANTS")

_DEFAULT_TARGET = "model:82599"

def _mutated_impl(ctx):
    ctx.actions.run(
        executable = ctx.executable._mutate,
        arguments = [
            ctx.attr.mutant,
            ctx.attr.file,
            ctx.attr.old,
            ctx.attr.new,
            ctx.outputs.out.path,
        ] + [f.path for f in ctx.files.srcs],
        inputs = ctx.files.srcs,
        outputs = [ctx.outputs.out],
        mnemonic = "Mutate",
        progress_message = "Making the mutant " + ctx.attr.mutant,
    )

_mutated = rule(
    implementation = _mutated_impl,
    attrs = {
        "mutant": attr.string(mandatory = True),
        "file": attr.string(mandatory = True),
        "old": attr.string(mandatory = True),
        "new": attr.string(),
        "srcs": attr.label_list(allow_files = True, mandatory = True),
        "out": attr.output(mandatory = True),
        "_mutate": attr.label(default = "//tests/mutants:mutate", executable = True, cfg = "exec"),
    },
)

def _written_impl(ctx):
    ctx.actions.write(ctx.outputs.out, ctx.attr.content)

_written = rule(
    implementation = _written_impl,
    attrs = {"out": attr.output(mandatory = True), "content": attr.string(mandatory = True)},
)

def _mutate(mutant, out, srcs):
    _mutated(
        name = mutant["name"],
        mutant = mutant["name"],
        file = mutant["file"],
        old = mutant["old"],
        new = mutant["new"],
        out = out,
        srcs = srcs,
    )

def _row(mutant, where, program):
    target = mutant.get("target", _DEFAULT_TARGET)
    fields = [mutant["name"], where, mutant["what"], mutant["killed_by"], program, target]
    return "    {" + ", ".join(["\"%s\"" % field for field in fields]) + "},\n"

def _table():
    rows = [_row(m, "driver/ixgbe/" + m["file"], "mutants") for m in DRIVER_MUTANTS]
    rows += [_row(m, "driver/virtio/" + m["file"], "mutants") for m in VIRTIO_MUTANTS]
    rows += [_row(m, "driver/" + m["file"], m["name"] + "_suite") for m in PART_MUTANTS]
    rows += [_row(m, "bus", "mutants") for m in BUS_MUTANTS]
    _written(
        name = "table_cc",
        out = "table.cc",
        content = """#include "tests/mutants/mutant.h"

std::span<const ixylab::mutants::Mutant> ixylab::mutants::AllMutants() {
  static constexpr Mutant kMutants[] = {
%s  };
  return kMutants;
}
""" % "".join(rows),
    )

def _drivers():
    # The driver's headers are read once for many mutants, and there is something to do for each of
    # a few processors.
    units = 4
    sources = []
    all_mutants = DRIVER_MUTANTS + VIRTIO_MUTANTS
    for i in range(units):
        names = [m["name"] for m in all_mutants[i::units]]
        _written(
            name = "drivers_%d_cc" % i,
            out = "drivers_%d.cc" % i,
            content = "".join(["#include \"tests/mutants/%s.inc\"\n" % name for name in names]),
        )
        sources.append("drivers_%d.cc" % i)
    for mutant in DRIVER_MUTANTS:
        _mutate(mutant, mutant["name"] + ".inc", ["//driver/ixgbe:sources"])
    for mutant in VIRTIO_MUTANTS:
        _mutate(mutant, mutant["name"] + ".inc", ["//driver/virtio:sources"])

    names = [m["name"] for m in DRIVER_MUTANTS]
    virtio_names = [m["name"] for m in VIRTIO_MUTANTS]
    declaration = """
namespace ixylab::mutant_%s {
std::unique_ptr<Device> OpenWithOptions(Bus&, const DeviceConfig&);
void CheckEeprom(Bus&);
}
"""
    virtio_declaration = """
namespace ixylab::mutant_%s {
std::unique_ptr<Device> Open(Bus&, const DeviceConfig&);
}
"""
    _written(
        name = "drivers_cc",
        out = "drivers.cc",
        content = """#include "tests/mutants/drivers.h"

%s
namespace {
// As ixylab::Open.
template <auto open, auto check_eeprom>
std::unique_ptr<ixylab::Device> OpenAndCheck(ixylab::Bus& bus, const ixylab::DeviceConfig& config) {
  std::unique_ptr<ixylab::Device> device = open(bus, config);
  check_eeprom(bus);
  return device;
}
}

std::span<const ixylab::mutants::MutatedDriver> ixylab::mutants::MutatedDrivers() {
  static constexpr MutatedDriver kDrivers[] = {
%s  };
  return kDrivers;
}
""" % (
            "".join([declaration % name for name in names] +
                    [virtio_declaration % name for name in virtio_names]),
            "".join([
                "      {\"%s\", OpenAndCheck<mutant_%s::OpenWithOptions, mutant_%s::CheckEeprom>},\n" % (name, name, name)
                for name in names
            ] + [
                "      {\"%s\", mutant_%s::Open},\n" % (name, name)
                for name in virtio_names
            ]),
        ),
    )
    cc_library(
        name = "drivers",
        testonly = True,
        srcs = ["drivers.cc"] + sources,
        hdrs = ["drivers.h"],
        # What a mutant leaves out is unused. Time to compile them all counts, their speed does not.
        copts = [
            "-w",
            "-O0",
        ],
        tags = ["manual"],
        textual_hdrs = [name + ".inc" for name in names + virtio_names],
        deps = [
            "//driver:bus",
            "//driver:checks",
            "//driver:supported_device",
            "//driver:device",
            "//driver:memory_pool",
        ],
    )

def _parts():
    for mutant in PART_MUTANTS:
        name = mutant["name"]
        _mutate(mutant, name + ".cc", ["//driver:" + mutant["file"]])
        cc_library(
            name = name + "_part",
            testonly = True,
            srcs = [name + ".cc"],
            # Ahead of the right one, whose object the linker then does not need.
            alwayslink = True,
            tags = ["manual"],
            textual_hdrs = ["//driver:" + mutant["header"]],
            deps = mutant["deps"],
        )
        opt_binary(
            name = name + "_suite",
            testonly = True,
            binary = name + "_main",
        )
        cc_binary(
            name = name + "_main",
            testonly = True,
            tags = ["manual"],
            deps = [
                name + "_part",
                "//tests/conformance:main",
                "//tests/conformance:opener",
                "//tests/conformance:suite",
            ],
        )

def mutants():
    """Declares the sources `table.cc` (all mutants), the library `:drivers` (the mutated drivers) and
    the programs of mutated parts, whose labels it returns.
    """
    _table()
    _drivers()
    _parts()
    return [m["name"] + "_suite" for m in PART_MUTANTS]
