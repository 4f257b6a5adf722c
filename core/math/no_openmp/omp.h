/* SPDX-License-Identifier: MIT
 *
 * Stands in for OpenMP's header where the compiler has none (clang without libomp-dev): a blis.h that was
 * configured with OpenMP includes it, and uses nothing of it.  configure adds this folder to the include path
 * of floor math only then; no code of ours includes it.
 */
struct pm_no_openmp; /* a file that is compiled alone may not be empty */
