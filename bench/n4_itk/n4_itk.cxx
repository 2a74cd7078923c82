// n4_itk IMAGE MASK FIELD: estimates the bias field of an image by ITK's N4 as its users run it: from every
// fourth voxel, in four levels of at most 50 iterations, all else by default; writes it at full size.

#include "itkImageFileReader.h"
#include "itkImageFileWriter.h"
#include "itkN4BiasFieldCorrectionImageFilter.h"
#include "itkShrinkImageFilter.h"
#include "itkBSplineControlPointImageFilter.h"

#include <cmath>
#include <iostream>

using Image = itk::Image<float, 3>;
using Mask = itk::Image<unsigned char, 3>;
using Correction = itk::N4BiasFieldCorrectionImageFilter<Image, Mask, Image>;

int main(int count, char ** arguments)
{
  if (count != 4)
  {
    std::cerr << "n4_itk IMAGE MASK FIELD" << std::endl;
    return 2;
  }
  auto image = itk::ReadImage<Image>(arguments[1]);
  auto mask = itk::ReadImage<Mask>(arguments[2]);

  auto shrunk = itk::ShrinkImageFilter<Image, Image>::New();
  shrunk->SetInput(image);
  shrunk->SetShrinkFactors(4);
  auto shrunkMask = itk::ShrinkImageFilter<Mask, Mask>::New();
  shrunkMask->SetInput(mask);
  shrunkMask->SetShrinkFactors(4);
  shrunkMask->Update();
  shrunk->Update();

  auto correction = Correction::New();
  correction->SetInput(shrunk->GetOutput());
  correction->SetMaskImage(shrunkMask->GetOutput());
  correction->SetMaskLabel(1);
  correction->SetNumberOfFittingLevels(4);
  Correction::VariableSizeArrayType iterations(4);
  iterations.Fill(50);
  correction->SetMaximumNumberOfIterations(iterations);
  correction->SetConvergenceThreshold(0.001);
  correction->Update();

  // The spline at full size, as ANTs' N4 reconstructs it.
  using Spline =
    itk::BSplineControlPointImageFilter<Correction::BiasFieldControlPointLatticeType, Correction::ScalarImageType>;
  auto spline = Spline::New();
  spline->SetInput(correction->GetLogBiasFieldControlPointLattice());
  spline->SetSplineOrder(correction->GetSplineOrder());
  spline->SetSize(image->GetLargestPossibleRegion().GetSize());
  spline->SetOrigin(image->GetOrigin());
  spline->SetDirection(image->GetDirection());
  spline->SetSpacing(image->GetSpacing());
  spline->Update();

  auto field = Image::New();
  field->CopyInformation(image);
  field->SetRegions(image->GetLargestPossibleRegion());
  field->Allocate();
  itk::ImageRegionIterator<Image> to(field, field->GetLargestPossibleRegion());
  itk::ImageRegionConstIterator<Correction::ScalarImageType> from(spline->GetOutput(),
                                                                  spline->GetOutput()->GetLargestPossibleRegion());
  for (; !to.IsAtEnd(); ++to, ++from)
  {
    to.Set(std::exp(from.Get()[0]));
  }
  itk::WriteImage(field, arguments[3]);
  return 0;
}
