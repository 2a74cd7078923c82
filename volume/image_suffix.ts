/**
 * The suffixes of image files, by which folders of images are searched.
 *
 * @module
 */

/** The suffix of an image file that can be read. The voxels of a pair (.hdr with .img) are found by the header. */
export const IMAGE_SUFFIX: RegExp = /\.(nii|nii\.gz|nrrd|nhdr|mha|mhd)$/i;
