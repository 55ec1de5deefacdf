/**
 * What runs on the device, as data that needs no device: buffers, tensor views, kinds of work,
 * steps.
 */
@NullMarked
package dev.flopmeter.run.cudnn.plan;

import org.jspecify.annotations.NullMarked;
