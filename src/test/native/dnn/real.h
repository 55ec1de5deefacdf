/* NVIDIA's own cuDNN as a judge. Where FLOPMETER_REAL_CUDNN names a folder that src/test/bin/real-cudnn made, every call
 * of the graph API is repeated in that library, which plans without a device. What it refuses is refused, with its
 * message; what it names (engines, notes, workspaces) is passed on. The numbers are still computed by the emulation. */
#ifndef REAL_H
#define REAL_H

#include "backend.h"

bool real_is_on(void);
size_t real_version(void);
cudnnStatus_t real_create(cudnnBackendDescriptor_t descriptor);
void real_destroy(cudnnBackendDescriptor_t descriptor);
cudnnStatus_t real_set(cudnnBackendDescriptor_t descriptor, int name, int type, int64_t count, const void *values);
cudnnStatus_t real_finalize(cudnnBackendDescriptor_t descriptor);
/* Of an attribute that is no descriptor. */
cudnnStatus_t real_get(cudnnBackendDescriptor_t descriptor, int name, int type, int64_t requested, int64_t *count,
                       void *values);
/* Fills in descriptors that the caller made. */
cudnnStatus_t real_fill(cudnnBackendDescriptor_t descriptor, int name, int64_t requested, int64_t *count,
                        cudnnBackendDescriptor_t *made);
/* Its text of a finalised plan, to be freed; "null" without the library. */
char *real_json(cudnnBackendDescriptor_t plan);
/* Of an engine configuration, whose engine's number is noted, too. */
bool real_uses_tensor_cores(cudnnBackendDescriptor_t configuration);

#endif
