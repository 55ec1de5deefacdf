/* NVIDIA's own cuDNN as the reference. If FLOPMETER_REAL_CUDNN names a folder made by src/test/bin/real-cudnn, every call of
 * the graph API is repeated in that library, which plans without a device. Its errors are returned with its message; its
 * engines, notes and workspaces are passed on. Values are still computed by the emulation. */
#ifndef REAL_H
#define REAL_H

#include "backend.h"

bool real_is_on(void);
size_t real_version(void);
cudnnStatus_t real_create(cudnnBackendDescriptor_t descriptor);
void real_destroy(cudnnBackendDescriptor_t descriptor);
cudnnStatus_t real_set(cudnnBackendDescriptor_t descriptor, int name, int type, int64_t count, const void *values);
cudnnStatus_t real_finalize(cudnnBackendDescriptor_t descriptor);
/* For attributes that are not descriptors. */
cudnnStatus_t real_get(cudnnBackendDescriptor_t descriptor, int name, int type, int64_t requested, int64_t *count,
                       void *values);
/* Fills in descriptors that the caller created. */
cudnnStatus_t real_fill(cudnnBackendDescriptor_t descriptor, int name, int64_t requested, int64_t *count,
                        cudnnBackendDescriptor_t *made);
/* The library's text of a finalised plan, to be freed; "null" without the library. */
char *real_json(cudnnBackendDescriptor_t plan);
/* For an engine configuration; also records its engine's number. */
bool real_uses_tensor_cores(cudnnBackendDescriptor_t configuration);

#endif
