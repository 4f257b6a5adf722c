/* SPDX-License-Identifier: MIT
 *
 * dlopen and the negotiation of DESIGN 2.1, in its order.  A cut-off object is refused before the
 * dynamic linker maps it, because touching a page beyond the end of a file is a SIGBUS, not an error.
 */
#include "plug/loader.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *loader_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool read_at(int fd, void *at, size_t len, uint64_t offset)
{
    return offset <= INT64_MAX && pread(fd, at, len, (off_t)offset) == (ssize_t)len;
}

/* Every loadable segment and the section table (which the linker writes last) lie inside the file. */
static pm_status check_elf(int fd, uint64_t bytes, const char *name, pm_err *err)
{
    Elf64_Ehdr head;
    if (!read_at(fd, &head, sizeof head, 0) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return err_set(err, PM_E_FORMAT, "%s: is not a shared object (no ELF header)", name);
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_type != ET_DYN)
        return err_set(err, PM_E_FORMAT, "%s: is not a 64-bit shared object", name);
    uint64_t sections = (uint64_t)head.e_shnum * head.e_shentsize;
    if (head.e_shoff > bytes || sections > bytes - head.e_shoff)
        return err_set(err, PM_E_FORMAT,
                       "%s: is cut off (section table ends beyond its %llu bytes)", name,
                       (unsigned long long)bytes);
    for (unsigned i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr part;
        if (head.e_phentsize < sizeof part ||
            !read_at(fd, &part, sizeof part, head.e_phoff + (uint64_t)i * head.e_phentsize))
            return err_set(err, PM_E_FORMAT, "%s: is cut off (program headers)", name);
        if (part.p_type != PT_LOAD) continue;
        if (part.p_offset > bytes || part.p_filesz > bytes - part.p_offset)
            return err_set(err, PM_E_FORMAT,
                           "%s: is cut off (segment %u ends beyond its %llu bytes)", name, i,
                           (unsigned long long)bytes);
    }
    return PM_OK;
}

static pm_status check_file(const char *path, pm_err *err)
{
    const char *name = loader_base_name(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_set(err, PM_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    struct stat info;
    pm_status s;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        s = err_set(err, PM_E_FORMAT, "%s: is not a regular file", name);
    else
        s = check_elf(fd, (uint64_t)info.st_size, name, err);
    close(fd);
    return s;
}

static pm_status negotiate(const pm_plugin *p, const char *name, pm_err *err)
{
    if (p->magic != PM_MAGIC)
        return err_set(err, PM_E_ABI, "%s: pm_plugin.magic is 0x%08x; want 0x%08x", name, p->magic,
                       PM_MAGIC);
    uint32_t major = p->abi >> 16, minor = p->abi & 0xffffu;
    if (major != PM_ABI_MAJOR || minor != PM_ABI_MINOR)
        return err_set(
            err, PM_E_ABI,
            "%s: pm_plugin.abi is %u.%u; this host speaks %u.%u; compile it against this "
            "version's pointsman/plugin.h",
            name, major, minor, PM_ABI_MAJOR, PM_ABI_MINOR);
    if (!PM_HAS(p, backends))
        return err_set(err, PM_E_ABI, "%s: pm_plugin.size is %u bytes; want at least %zu", name,
                       p->size, sizeof *p);
    if (p->real_bytes != sizeof(float))
        return err_set(err, PM_E_ABI, "%s: pm_plugin.real_bytes is %u; want %zu", name,
                       p->real_bytes, sizeof(float));
    if (!p->name || !p->version || !p->license)
        return err_set(err, PM_E_CONTRACT, "%s: pm_plugin.%s is NULL (required since 0.1)", name,
                       !p->name ? "name" : (!p->version ? "version" : "license"));
    if (!p->routers && !p->objectives && !p->constraints && !p->embedders && !p->backends)
        return err_set(err, PM_E_CONTRACT, "%s: pm_plugin lists no descriptor of any kind", name);
    return PM_OK;
}

pm_status loader_open(const char *path, const pm_plugin **out, pm_err *err)
{
    const char *name = loader_base_name(path);
    pm_status s = check_file(path, err);
    if (s != PM_OK) return s;
    /* A bare name would send dlopen to the system's library path. */
    char full[PATH_MAX];
    if (!realpath(path, full))
        return err_set(err, PM_E_IO, "%s: cannot be resolved: %s", path, strerror(errno));
    void *object = dlopen(full, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        const char *why = dlerror();
        return err_set(err, PM_E_ABI, "%s: cannot be loaded: %s", name,
                       why ? why : "no reason given");
    }
    const pm_plugin *(*entry)(uint32_t) = NULL;
    void *symbol = dlsym(object, "pm_plugin_entry");
    if (!symbol)
        return err_set(err, PM_E_ABI,
                       "%s: exports no symbol pm_plugin_entry; is it a pointsman plugin?", name);
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from object to function pointer */
    const pm_plugin *p = entry(PM_ABI);
    if (!p)
        return err_set(err, PM_E_ABI, "%s: pm_plugin_entry declined this host (ABI %u.%u)", name,
                       PM_ABI_MAJOR, PM_ABI_MINOR);
    s = negotiate(p, name, err);
    if (s == PM_OK) *out = p;
    return s;
}
