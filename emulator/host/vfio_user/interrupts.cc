#include "emulator/host/vfio_user/interrupts.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <poll.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace ixylab::emulator::vfio_user {
namespace {

std::uint32_t ReadConfig(NicFunction& function, std::uint32_t offset, unsigned bytes) {
  return function.Read(NicFunction::kConfigSpace, offset, bytes);
}

/// Offset of a capability in the configuration space; 0 if it is not there.
std::uint32_t FindCapability(NicFunction& function, std::uint32_t id) {
  if ((ReadConfig(function, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST) == 0) return 0;
  std::uint32_t offset = ReadConfig(function, PCI_CAPABILITY_LIST, 1) & ~3u;
  // As many as there is room for, should they form a ring.
  for (int i = 0; i < 48 && offset >= PCI_STD_HEADER_SIZEOF; ++i) {
    if (ReadConfig(function, offset + PCI_CAP_LIST_ID, 1) == id) return offset;
    offset = ReadConfig(function, offset + PCI_CAP_LIST_NEXT, 1) & ~3u;
  }
  return 0;
}

}  // namespace

Interrupts::Interrupts(NicFunction& function) : function_(function) {
  events_[VFIO_PCI_INTX_IRQ_INDEX].resize(ReadConfig(function, PCI_INTERRUPT_PIN, 1) != 0 ? 1 : 0);
  if (const std::uint32_t msi = FindCapability(function, PCI_CAP_ID_MSI); msi != 0) {
    const std::uint32_t flags = ReadConfig(function, msi + PCI_MSI_FLAGS, 2);
    events_[VFIO_PCI_MSI_IRQ_INDEX].resize(std::size_t{1} << ((flags & PCI_MSI_FLAGS_QMASK) >> 1));
  }
  if (const std::uint32_t msix = FindCapability(function, PCI_CAP_ID_MSIX); msix != 0) {
    const std::uint32_t flags = ReadConfig(function, msix + PCI_MSIX_FLAGS, 2);
    events_[VFIO_PCI_MSIX_IRQ_INDEX].resize((flags & PCI_MSIX_FLAGS_QSIZE) + 1);
    const std::uint32_t table = ReadConfig(function, msix + PCI_MSIX_TABLE, 4);
    table_region_ = table & PCI_MSIX_TABLE_BIR;
    table_offset_ = table & PCI_MSIX_TABLE_OFFSET;
  }
  // Of these there is always one, though a model has no errors and its card is never asked back.
  events_[VFIO_PCI_ERR_IRQ_INDEX].resize(1);
  events_[VFIO_PCI_REQ_IRQ_INDEX].resize(1);
}

std::uint32_t Interrupts::count(std::uint32_t index) const {
  return index < events_.size() ? static_cast<std::uint32_t>(events_[index].size()) : 0;
}

std::uint32_t Interrupts::Flags(std::uint32_t index) {
  switch (index) {
    case VFIO_PCI_INTX_IRQ_INDEX:
      return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
    case VFIO_PCI_MSIX_IRQ_INDEX:
      return VFIO_IRQ_INFO_EVENTFD;
    default:
      return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
  }
}

// --- What the client asks for ---

int Interrupts::Set(const IrqSet& request, std::span<const std::byte> booleans,
                    std::vector<FileDescriptor> events) {
  const std::uint32_t data = request.flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
  const std::uint32_t action = request.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
  const std::uint32_t available = count(request.index);
  if (request.index >= events_.size() || (request.flags & ~(data | action)) != 0 ||
      request.start > available || request.count > available - request.start) {
    return EINVAL;
  }
  if (data == VFIO_IRQ_SET_DATA_NONE && request.count == 0) {
    if (action != VFIO_IRQ_SET_ACTION_TRIGGER || request.start != 0) return EINVAL;
    DisableAll(request.index);
    return 0;
  }
  if (request.count == 0) return EINVAL;
  if (action != VFIO_IRQ_SET_ACTION_TRIGGER) {
    if (action != VFIO_IRQ_SET_ACTION_MASK && action != VFIO_IRQ_SET_ACTION_UNMASK) return EINVAL;
    if ((Flags(request.index) & VFIO_IRQ_INFO_MASKABLE) == 0) return ENOTSUP;
  }
  switch (data) {
    case VFIO_IRQ_SET_DATA_EVENTFD:
      return action == VFIO_IRQ_SET_ACTION_TRIGGER ? SetEvents(request, std::move(events))
                                                   : ENOTSUP;
    case VFIO_IRQ_SET_DATA_BOOL:
      if (booleans.size() < request.count) return EINVAL;
      for (std::uint32_t i = 0; i < request.count; ++i) {
        if (booleans[i] != std::byte{0}) Act(action, request.index, request.start + i);
      }
      return 0;
    case VFIO_IRQ_SET_DATA_NONE:
      for (std::uint32_t i = 0; i < request.count; ++i) {
        Act(action, request.index, request.start + i);
      }
      return 0;
    default:
      return EINVAL;
  }
}

int Interrupts::SetEvents(const IrqSet& request, std::vector<FileDescriptor> descriptors) {
  // "If no file descriptors are provided, this de-assigns the specified [...] interrupts."
  const bool remove = descriptors.empty();
  if (!remove && descriptors.size() != request.count) return EINVAL;
  std::vector<Event> events(request.count);
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    if (const int error = MakeEvent(std::move(descriptors[i]), events[i]); error != 0) return error;
  }
  for (std::uint32_t i = 0; i < request.count; ++i) {
    const std::uint32_t interrupt = request.start + i;
    events_[request.index][interrupt] = std::move(events[i]);
    if (request.index == VFIO_PCI_MSIX_IRQ_INDEX) remove ? Mask(interrupt) : Unmask(interrupt);
  }
  if (request.index == VFIO_PCI_INTX_IRQ_INDEX) {
    intx_masked_ = false;
    UpdateIntx();
  }
  return 0;
}

void Interrupts::Act(std::uint32_t action, std::uint32_t index, std::uint32_t interrupt) {
  if (action == VFIO_IRQ_SET_ACTION_TRIGGER) return Signal(events_[index][interrupt]);
  intx_masked_ = action == VFIO_IRQ_SET_ACTION_MASK;
  UpdateIntx();
}

void Interrupts::DisableAll(std::uint32_t index) {
  for (std::uint32_t i = 0; i < events_[index].size(); ++i) {
    if (!events_[index][i].descriptor) continue;
    events_[index][i] = {};
    if (index == VFIO_PCI_MSIX_IRQ_INDEX) Mask(i);
  }
  if (index == VFIO_PCI_INTX_IRQ_INDEX) intx_masked_ = false;
}

void Interrupts::Clear() {
  for (std::uint32_t index = 0; index < events_.size(); ++index) DisableAll(index);
}

// --- What the function asks for ---

void Interrupts::SetIntx(bool asserted) {
  intx_asserted_ = asserted;
  UpdateIntx();
}

void Interrupts::UpdateIntx() {
  const std::vector<Event>& intx = events_[VFIO_PCI_INTX_IRQ_INDEX];
  if (!intx_asserted_ || intx_masked_ || intx.empty() || !intx[0].descriptor) return;
  intx_masked_ = true;  // VFIO_IRQ_INFO_AUTOMASKED
  Signal(intx[0]);
}

void Interrupts::Raise(unsigned vector) {
  // Of the two a client uses one at a time.
  for (const std::uint32_t index : {VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX}) {
    const std::vector<Event>& events = events_[index];
    if (vector < events.size() && events[vector].descriptor) return Signal(events[vector]);
  }
}

// --- The MSI-X table of the function ---

std::uint32_t Interrupts::EntryOffset(std::uint32_t vector) const {
  return table_offset_ + vector * PCI_MSIX_ENTRY_SIZE;
}

void Interrupts::Unmask(std::uint32_t vector) {
  // Nobody looks at address and data; these are what an x86 processor would understand.
  const std::uint32_t entry = EntryOffset(vector);
  function_.Write(table_region_, entry + PCI_MSIX_ENTRY_LOWER_ADDR, 4, 0xFEE0'0000);
  function_.Write(table_region_, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 4, 0);
  function_.Write(table_region_, entry + PCI_MSIX_ENTRY_DATA, 4, vector);
  function_.Write(table_region_, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
}

void Interrupts::Mask(std::uint32_t vector) {
  function_.Write(table_region_, EntryOffset(vector) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4,
                  PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

void Interrupts::Restore() {
  const std::vector<Event>& events = events_[VFIO_PCI_MSIX_IRQ_INDEX];
  for (std::uint32_t i = 0; i < events.size(); ++i) {
    if (!events[i].descriptor) continue;
    const std::uint32_t control =
        function_.Read(table_region_, EntryOffset(i) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4);
    if ((control & PCI_MSIX_ENTRY_CTRL_MASKBIT) != 0) Unmask(i);
  }
}

// --- Eventfds ---

int Interrupts::MakeEvent(FileDescriptor descriptor, Event& event) {
  // A write to anything else might block, or do who knows what.
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor.get());
  char target[64];
  const ssize_t length = readlink(link.c_str(), target, sizeof target);
  if (length < 0 || std::string_view(target, length) != "anon_inode:[eventfd]") return EINVAL;
  event.blocking = (fcntl(descriptor.get(), F_GETFL) & O_NONBLOCK) == 0;
  event.descriptor = std::move(descriptor);
  return 0;
}

void Interrupts::Signal(const Event& event) {
  if (!event.descriptor) return;
  if (event.blocking) {
    // A full counter is as good as one that is not: its owner will read something. Setting
    // O_NONBLOCK instead would change the client's own descriptor.
    pollfd state{.fd = event.descriptor.get(), .events = POLLOUT, .revents = 0};
    if (poll(&state, 1, 0) != 1 || (state.revents & POLLOUT) == 0) return;
  }
  const std::uint64_t one = 1;
  // That it fails because the counter is full does not matter either.
  static_cast<void>(!write(event.descriptor.get(), &one, sizeof one));
}

}  // namespace ixylab::emulator::vfio_user
