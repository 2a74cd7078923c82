// ITK's view of files, for comparisons:
//   itk_formats image FILE VALUES       prints size, origin and direction * spacing; writes the voxels as doubles
//   itk_formats convert FILE OUT TYPE   writes an image in another format, compressed, as int16 or float32
//   itk_formats points TRANSFORM...     transforms points of standard input (LPS mm), the last transform first
//   itk_formats affine OUT              writes a known affine transform
//   itk_formats transform IN OUT        writes a transform in another format
//   itk_formats field FIELD OUT         writes a displacement field as another image file of vectors

#include "itkAffineTransform.h"
#include "itkCompositeTransform.h"
#include "itkDisplacementFieldTransform.h"
#include "itkImageFileReader.h"
#include "itkImageFileWriter.h"
#include "itkImageRegionConstIterator.h"
#include "itkTransformFileReader.h"
#include "itkTransformFileWriter.h"

#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>

using Image = itk::Image<double, 3>;
using Field = itk::Image<itk::Vector<double, 3>, 3>;
using Transform = itk::Transform<double, 3, 3>;
using Composite = itk::CompositeTransform<double, 3>;

template <typename T>
void write(const std::string & from, const std::string & to)
{
  itk::WriteImage(itk::ReadImage<itk::Image<T, 3>>(from), to, true);
}

bool isField(const std::string & path)
{
  for (const std::string suffix : { ".nii", ".nii.gz", ".nrrd", ".mha" })
  {
    if (path.size() > suffix.size() && path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0)
    {
      return true;
    }
  }
  return false;
}

int main(int count, char ** arguments)
{
  const std::string command = count > 2 ? arguments[1] : "";
  std::cout << std::setprecision(17);
  if (command == "image" && count == 4)
  {
    auto image = itk::ReadImage<Image>(arguments[2]);
    const auto size = image->GetLargestPossibleRegion().GetSize();
    std::cout << size[0] << " " << size[1] << " " << size[2];
    for (unsigned row = 0; row < 3; ++row)
    {
      for (unsigned column = 0; column < 3; ++column)
      {
        std::cout << " " << image->GetDirection()[row][column] * image->GetSpacing()[column];
      }
      std::cout << " " << image->GetOrigin()[row];
    }
    std::cout << std::endl;
    std::ofstream out(arguments[3], std::ios::binary);
    out.write(reinterpret_cast<const char *>(image->GetBufferPointer()), sizeof(double) * size[0] * size[1] * size[2]);
    return 0;
  }
  if (command == "convert" && count == 5)
  {
    const std::string type = arguments[4];
    if (type == "int16") write<short>(arguments[2], arguments[3]);
    else if (type == "uint16") write<unsigned short>(arguments[2], arguments[3]);
    else if (type == "uint8") write<unsigned char>(arguments[2], arguments[3]);
    else if (type == "int32") write<int>(arguments[2], arguments[3]);
    else if (type == "float64") write<double>(arguments[2], arguments[3]);
    else write<float>(arguments[2], arguments[3]);
    return 0;
  }
  if (command == "field" && count == 4)
  {
    itk::WriteImage(itk::ReadImage<Field>(arguments[2]), arguments[3], true);
    return 0;
  }
  if (command == "affine" && count == 3)
  {
    auto affine = itk::AffineTransform<double, 3>::New();
    itk::AffineTransform<double, 3>::MatrixType matrix;
    const double values[3][3] = { { 0.98, -0.17, 0.05 }, { 0.2, 1.02, -0.03 }, { -0.04, 0.06, 0.95 } };
    for (unsigned row = 0; row < 3; ++row)
    {
      for (unsigned column = 0; column < 3; ++column)
      {
        matrix[row][column] = values[row][column];
      }
    }
    const double centre[3] = { 12, -7, 30 };
    const double translation[3] = { 5, -6, 7 };
    affine->SetCenter(centre);
    affine->SetMatrix(matrix);
    affine->SetTranslation(translation);
    auto writer = itk::TransformFileWriterTemplate<double>::New();
    writer->SetInput(affine);
    writer->SetFileName(arguments[2]);
    writer->Update();
    return 0;
  }
  if (command == "transform" && count == 4)
  {
    auto reader = itk::TransformFileReaderTemplate<double>::New();
    reader->SetFileName(arguments[2]);
    reader->Update();
    auto writer = itk::TransformFileWriterTemplate<double>::New();
    writer->SetInput(reader->GetTransformList()->front());
    writer->SetFileName(arguments[3]);
    writer->Update();
    return 0;
  }
  if (command == "points")
  {
    auto all = Composite::New();
    for (int i = 2; i < count; ++i)
    {
      if (isField(arguments[i]))
      {
        auto displacement = itk::DisplacementFieldTransform<double, 3>::New();
        displacement->SetDisplacementField(itk::ReadImage<Field>(arguments[i]));
        all->AddTransform(displacement);
        continue;
      }
      auto reader = itk::TransformFileReaderTemplate<double>::New();
      reader->SetFileName(arguments[i]);
      reader->Update();
      for (const auto & one : *reader->GetTransformList())
      {
        all->AddTransform(dynamic_cast<Transform *>(one.GetPointer()));
      }
    }
    Composite::InputPointType point;
    while (std::cin >> point[0] >> point[1] >> point[2])
    {
      const auto mapped = all->TransformPoint(point);
      std::cout << mapped[0] << " " << mapped[1] << " " << mapped[2] << std::endl;
    }
    return 0;
  }
  std::cerr << "Unknown command" << std::endl;
  return 2;
}
