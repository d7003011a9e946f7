mod clock;
mod endpoints;
mod polling;
mod reading;
mod reports;
mod settled;
mod writing;
