// Angles and exponentials by arithmetic alone, so that they are the same bits on every machine
// (the C library's are not). Evaluated by the compiler or once per table, never in a hot loop.
#ifndef COUNTERMARK_BASE_TRIGONOMETRY_H_
#define COUNTERMARK_BASE_TRIGONOMETRY_H_

namespace countermark {

// cos(2 pi * turn / turns), by symmetry from the first eighth and the Taylor series.
constexpr double CosineOfTurn(int turn, int turns) {
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  turn %= turns;
  if (turn < 0) turn += turns;
  // In units of an eighth of a turn over `turns`, everything stays an integer.
  long eighths = 8L * turn;
  const long whole = 8L * turns;
  if (eighths > whole / 2) eighths = whole - eighths;  // cos(-a) = cos(a)
  const bool negative = eighths > whole / 4;
  if (negative) eighths = whole / 2 - eighths;  // cos(pi - a) = -cos(a)
  const bool sine = eighths > whole / 8;
  if (sine) eighths = whole / 4 - eighths;  // cos(a) = sin(pi/2 - a)
  const double angle = kTwoPi * static_cast<double>(eighths) / static_cast<double>(whole);
  double term = sine ? angle : 1.0;
  double sum = term;
  for (int n = sine ? 2 : 1; n < 24; n += 2) {
    term *= -angle * angle / (static_cast<double>(n) * (n + 1));
    sum += term;
  }
  return negative ? -sum : sum;
}

constexpr double SineOfTurn(int turn, int turns) {
  // sin(a) = cos(a - pi/2), with the quarter turn kept an integer.
  return CosineOfTurn(4 * turn - turns, 4 * turns);
}

// e^x for x <= 1/2, by halving the argument until the series is short.
constexpr double Exponential(double x) {
  int halvings = 0;
  while (x < -0.5) {
    x /= 2;
    ++halvings;
  }
  double term = 1, sum = 1;
  for (int n = 1; n < 20; ++n) {
    term *= x / n;
    sum += term;
  }
  for (; halvings > 0; --halvings) sum *= sum;
  return sum;
}

// Of x >= 0, by Euler's series.
constexpr double Arctangent(double x) {
  constexpr double kQuarterTurn = 1.5707963267948966192313216916398;
  if (x > 1) return kQuarterTurn - Arctangent(1 / x);
  const double ratio = x * x / (1 + x * x);
  double term = x / (1 + x * x), sum = term;
  for (int n = 1; n < 60; ++n) {
    term *= ratio * 2 * n / (2 * n + 1);
    sum += term;
  }
  return sum;
}

}  // namespace countermark

#endif  // COUNTERMARK_BASE_TRIGONOMETRY_H_
