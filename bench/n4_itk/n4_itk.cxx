// n4_itk IMAGE MASK FIELD ITERATIONS TOLERANCE X Y Z: estimates the bias field of an image by ITK's N4 as its
// users run it: from every X-th, Y-th and Z-th voxel of the axes, in four levels, all else by default; writes it where it was estimated.

#include "itkImageFileReader.h"
#include "itkImageFileWriter.h"
#include "itkN4BiasFieldCorrectionImageFilter.h"
#include "itkShrinkImageFilter.h"
#include "itkImageRegionIterator.h"

#include <iostream>
#include <string>

using Image = itk::Image<float, 3>;
using Mask = itk::Image<unsigned char, 3>;
using Correction = itk::N4BiasFieldCorrectionImageFilter<Image, Mask, Image>;

int main(int count, char ** arguments)
{
  if (count != 9)
  {
    std::cerr << "n4_itk IMAGE MASK FIELD ITERATIONS TOLERANCE X Y Z" << std::endl;
    return 2;
  }
  auto image = itk::ReadImage<Image>(arguments[1]);
  auto mask = itk::ReadImage<Mask>(arguments[2]);

  itk::ShrinkImageFilter<Image, Image>::ShrinkFactorsType factors;
  for (unsigned axis = 0; axis < 3; ++axis)
  {
    factors[axis] = std::stoul(arguments[6 + axis]);
  }
  auto shrunk = itk::ShrinkImageFilter<Image, Image>::New();
  shrunk->SetInput(image);
  shrunk->SetShrinkFactors(factors);
  auto shrunkMask = itk::ShrinkImageFilter<Mask, Mask>::New();
  shrunkMask->SetInput(mask);
  shrunkMask->SetShrinkFactors(factors);
  shrunkMask->Update();
  shrunk->Update();

  auto correction = Correction::New();
  correction->SetInput(shrunk->GetOutput());
  correction->SetMaskImage(shrunkMask->GetOutput());
  correction->SetMaskLabel(1);
  correction->SetNumberOfFittingLevels(4);
  Correction::VariableSizeArrayType iterations(4);
  iterations.Fill(std::stoi(arguments[4]));
  correction->SetMaximumNumberOfIterations(iterations);
  correction->SetConvergenceThreshold(std::stod(arguments[5]));
  correction->Update();

  // The field where it was estimated; what stretches the spline to the full size differs between programs.
  auto field = Image::New();
  field->CopyInformation(shrunk->GetOutput());
  field->SetRegions(shrunk->GetOutput()->GetLargestPossibleRegion());
  field->Allocate();
  itk::ImageRegionIterator<Image> to(field, field->GetLargestPossibleRegion());
  itk::ImageRegionConstIterator<Image> before(shrunk->GetOutput(), field->GetLargestPossibleRegion());
  itk::ImageRegionConstIterator<Image> after(correction->GetOutput(), field->GetLargestPossibleRegion());
  for (; !to.IsAtEnd(); ++to, ++before, ++after)
  {
    to.Set(after.Get() > 0 ? before.Get() / after.Get() : 1);
  }
  itk::WriteImage(field, arguments[3]);
  return 0;
}
