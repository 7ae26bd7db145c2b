// Programs of a few instructions at a network device's XDP hook, for a guest:
//
//   xdp NIC skb|drv
//
// Attaches one that passes everything, in generic or the driver's own mode, and then obeys lines
// on standard input, each with one line of answer:
//   pass     all frames go on to the kernel
//   drop     all frames are dropped
//   tx, redirect   frames of ethertype 88B5 go back to who sent them, by XDP_TX, or by XDP_REDIRECT
//                  to the same device; others pass. Another program is put in place: "ok"
//   seen     how many frames of ethertype 88B5 the program saw since it is there
// At the end of the input it detaches the program.
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::uint16_t kEthertype = 0x88B5;

int Bpf(bpf_cmd command, bpf_attr& attributes, const char* what) {
  const long result = syscall(SYS_bpf, command, &attributes, sizeof(attributes));
  if (result < 0) {
    std::perror(what);
    std::exit(1);
  }
  return static_cast<int>(result);
}

std::uint64_t Pointer(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

/// An array of one counter.
int MakeCounter() {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = sizeof(std::uint32_t);
  attributes.value_size = sizeof(std::uint64_t);
  attributes.max_entries = 1;
  return Bpf(BPF_MAP_CREATE, attributes, "bpf: map");
}

std::uint64_t Read(int counter) {
  const std::uint32_t key = 0;
  std::uint64_t value = 0;
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(counter);
  attributes.key = Pointer(&key);
  attributes.value = Pointer(&value);
  Bpf(BPF_MAP_LOOKUP_ELEM, attributes, "bpf: lookup");
  return value;
}

// Instructions (kernel documentation, bpf/standardization/instruction-set).
enum Register : std::uint8_t { kR0, kR1, kR2, kR3, kR4, kR5, kR6, kR7, kR8, kR9 };

bpf_insn Instruction(int code, Register to, Register from, int offset, int value) {
  return {.code = static_cast<std::uint8_t>(code),
          .dst_reg = to,
          .src_reg = from,
          .off = static_cast<std::int16_t>(offset),
          .imm = value};
}
bpf_insn Set(Register to, int value) {
  return Instruction(BPF_ALU64 | BPF_MOV | BPF_K, to, kR0, 0, value);
}
bpf_insn Load(int size, Register to, Register from, int offset) {
  return Instruction(BPF_LDX | BPF_MEM | size, to, from, offset, 0);
}
bpf_insn Store(int size, Register to, int offset, Register from) {
  return Instruction(BPF_STX | BPF_MEM | size, to, from, offset, 0);
}

/// What `action` names, counting in `counter`. `nic` is where to redirect to.
std::vector<bpf_insn> Assemble(std::string_view action, int counter, unsigned nic) {
  const bool redirect = action == "redirect", back = redirect || action == "tx";
  const int verdict = action == "drop" ? XDP_DROP : back ? XDP_TX : XDP_PASS;
  std::vector<bpf_insn> counted = {
      Instruction(BPF_LD | BPF_IMM | BPF_DW, kR4, static_cast<Register>(BPF_PSEUDO_MAP_VALUE), 0,
                  counter),
      Instruction(0, kR0, kR0, 0, 0),  // the second half: at offset 0 of the value
      Set(kR5, 1),
      Instruction(BPF_STX | BPF_ATOMIC | BPF_DW, kR4, kR5, 0, BPF_ADD),
  };
  const auto append = [&](std::initializer_list<bpf_insn> more) {
    counted.insert(counted.end(), more);
  };
  if (back) {  // destination and source change places
    append({Load(BPF_W, kR6, kR2, 0), Load(BPF_H, kR7, kR2, 4), Load(BPF_W, kR8, kR2, 6),
            Load(BPF_H, kR9, kR2, 10), Store(BPF_W, kR2, 0, kR8), Store(BPF_H, kR2, 4, kR9),
            Store(BPF_W, kR2, 6, kR6), Store(BPF_H, kR2, 10, kR7)});
  }
  if (redirect) {
    append({Set(kR1, static_cast<int>(nic)), Set(kR2, 0),
            Instruction(BPF_JMP | BPF_CALL, kR0, kR0, 0, BPF_FUNC_redirect)});
  } else {
    append({Set(kR0, verdict)});
  }

  const int size = static_cast<int>(counted.size());
  std::vector<bpf_insn> program = {
      // r2 and r3: where the frame begins and ends (xdp_md: data, data_end).
      Load(BPF_W, kR2, kR1, 0),
      Load(BPF_W, kR3, kR1, 4),
      Instruction(BPF_ALU64 | BPF_MOV | BPF_X, kR4, kR2, 0, 0),
      Instruction(BPF_ALU64 | BPF_ADD | BPF_K, kR4, kR0, 0, ETH_HLEN),
      Set(kR0, verdict == XDP_DROP ? XDP_DROP : XDP_PASS),
      Instruction(BPF_JMP | BPF_JGT | BPF_X, kR4, kR3, size + 2, 0),
      Load(BPF_H, kR5, kR2, 2 * ETH_ALEN),
      Instruction(BPF_JMP | BPF_JNE | BPF_K, kR5, kR0, size, htons(kEthertype)),
  };
  program.insert(program.end(), counted.begin(), counted.end());
  program.push_back(Instruction(BPF_JMP | BPF_EXIT, kR0, kR0, 0, 0));
  return program;
}

int LoadProgram(const std::vector<bpf_insn>& program) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_XDP;
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.insns = Pointer(program.data());
  attributes.license = Pointer("MIT");
  attributes.expected_attach_type = BPF_XDP;
  return Bpf(BPF_PROG_LOAD, attributes, "bpf: program");
}

/// Ends with the descriptor.
int Attach(int program, unsigned nic, bool native) {
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program);
  attributes.link_create.target_ifindex = nic;
  attributes.link_create.attach_type = BPF_XDP;
  attributes.link_create.flags = native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  return Bpf(BPF_LINK_CREATE, attributes, "bpf: attach");
}

void Replace(int link, int program) {
  bpf_attr attributes{};
  attributes.link_update.link_fd = static_cast<std::uint32_t>(link);
  attributes.link_update.new_prog_fd = static_cast<std::uint32_t>(program);
  Bpf(BPF_LINK_UPDATE, attributes, "bpf: replace");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[2] : "";
  if (mode != "skb" && mode != "drv") {
    std::fputs("usage: xdp NIC skb|drv\n", stderr);
    return 2;
  }
  const unsigned nic = if_nametoindex(argv[1]);
  int counter = MakeCounter();
  const int link = Attach(LoadProgram(Assemble("pass", counter, nic)), nic, mode == "drv");
  std::cout << "ok" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "seen") {
      std::cout << Read(counter) << std::endl;
    } else if (line == "pass" || line == "drop" || line == "tx" || line == "redirect") {
      counter = MakeCounter();
      Replace(link, LoadProgram(Assemble(line, counter, nic)));
      std::cout << "ok" << std::endl;
    } else {
      std::cout << "what is " << line << "?" << std::endl;
    }
  }
  return 0;
}
